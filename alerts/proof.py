"""The proof of every alert as promtool tests: it fires when it must, is silent when it must be, and ends.

Three stories an alert, of one sample a minute: good throughout; bad throughout; bad, then good. What is asked is the
series `ALERTS` itself, so that waiting and firing are both seen.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from slo import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.model import MetricAlert, Played, Theme

_COUNTER: Final = re.compile(r"_(total|count|bucket|sum|deadlocks)\{|^node_cpu_seconds|^process_start_time")
# Gauges whose names look like counters.
_LEVEL: Final = re.compile(r"^(pg_stat_activity_count|db_client_connection_count|pg_locks_count)\{")


def tests(theme: Theme, rules: str) -> dict[str, Any]:
    """Return a promtool test file as data; `rules` is the path of the theme's rule file as promtool finds it."""
    stories = [story for alert in theme.alerts for story in _stories(alert)]
    return {"rule_files": [rules], "evaluation_interval": "1m", "tests": stories}


def text(theme: Theme, rules: str) -> Iterator[str]:
    """Yield the lines of the test file; JSON is YAML."""
    yield from json.dumps(tests(theme, rules), indent=1).splitlines()


def _stories(alert: MetricAlert) -> Iterator[dict[str, Any]]:
    waits = round(duration.from_promql(alert.wait)) // 60
    known, over = alert.settles_min + waits, alert.settles_min + 2
    last = known + over + 1
    if not alert.bad:
        yield _story(alert, "always fires", {}, [(1, True), (last, True)])
        return
    yield _story(alert, "good: silent", _play(alert.good, last), [(known, False), (last, False)])
    early = [(waits - 1, False)] if waits > 1 else []
    yield _story(alert, "bad: fires", _play(alert.bad, last), [*early, (known, True), (last, True)])
    there_and_back = _play(alert.bad, known, alert.good, over + 1)
    yield _story(alert, "bad, then good: ends", there_and_back, [(known, True), (last, False)])


def _story(alert: MetricAlert, name: str, played: dict[str, str], asked: list[tuple[int, bool]]) -> dict[str, Any]:
    return {
        "name": f"{alert.name}: {name}",
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in played.items()],
        "promql_expr_test": [_question(alert, minute, fires=fires) for minute, fires in asked],
    }


def _question(alert: MetricAlert, minute: int, *, fires: bool) -> dict[str, Any]:
    firing = f'count(ALERTS{{alertname="{alert.name}",alertstate="firing"}}) > bool 0'
    samples = [{"labels": "{}", "value": 1}] if fires else []
    return {"expr": firing, "eval_time": f"{minute}m", "exp_samples": samples}


def _play(first: Played, minutes: int, then: Played | None = None, more: int = 0) -> dict[str, str]:
    return {series: _values(series, level, minutes, (then or {}).get(series), more) for series, level in first.items()}


def _values(series: str, level: float | None, minutes: int, then: float | None, more: int) -> str:
    """Return promtool's notation of a series: a level, or growth, for some minutes, and another one afterwards."""
    if not (_COUNTER.search(series) and not _LEVEL.search(series)):
        second = f" {_flat(then, more)}" if more else ""
        return f"{_flat(level, minutes)}{second}"
    if level is None:
        return f"_x{minutes + 1}" + (f" 0+{then:g}x{more}" if more and then is not None else "")
    reached = level * (minutes + 1)
    second = f" {reached:.12g}+{then or 0:.12g}x{more}" if more else ""
    return f"0+{level:.12g}x{minutes}{second}"


def _flat(level: float | None, minutes: int) -> str:
    # `_xN` are N samples that are missing, `a+0xN` are N + 1 that are there.
    return f"_x{minutes + 1}" if level is None else f"{level:.12g}+0x{minutes}"
