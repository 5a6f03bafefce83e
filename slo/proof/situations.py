"""The situations in which rules go wrong elsewhere, each with what must be true in it.

Every check is an expression that yields exactly one sample, 1. The fractions of an error share, of time and of traffic
are computed from the objective, never copied from what the rules say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo.duration import HOUR, MINUTE
from slo.objective import Objective, Ratio, Sliced
from slo.proof.traffic import Phase
from slo.rules import names
from slo.rules.alerts import ABSENT_FOR_S, counts_events
from slo.rules.recording import LONGEST_RAW_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.rules.policy import BurnRow

STEP_S: Final = MINUTE
_BASE_S: Final = 5 * MINUTE
_RPS: Final = 100
_CLOSE: Final = 1e-6


@dataclass(frozen=True)
class Check:
    """At a time, in seconds from the start, an expression must be true."""

    at_s: int
    expression: str


@dataclass(frozen=True)
class Situation:
    """What happens, and what must be true; `step_s` is the time between evaluations."""

    name: str
    phases: tuple[Phase, ...]
    checks: tuple[Check, ...]
    step_s: int = STEP_S


def sample_interval_s(objective: Objective, step_s: int) -> int:
    """Return the time between samples: a rate over a short slice needs several in it."""
    indicator = objective.indicator
    if isinstance(indicator, Sliced) and indicator.ratio:
        return min(MINUTE, max(1, indicator.slice_s // 4))
    return min(MINUTE, step_s)


def situations(objective: Objective, rows: Sequence[BurnRow]) -> Iterator[Situation]:
    """Yield the situations that mean something for the objective."""
    yield _outage(objective, rows)
    yield _healthy(objective, rows)
    if isinstance(objective.indicator, Ratio) or objective.indicator.ratio is not None:
        yield _idle_hour(objective)
        yield _first_traffic_fails(objective, rows)
        yield _counters_restart(objective)
    if counts_events(objective):
        yield _one_failure(objective, rows)
        if objective.period.rolls:
            yield _weighted(objective)
    yield _gone(objective)
    yield from _detection(objective, rows)
    yield from _conditions(objective)


def firing(objective: Objective, alert: str, **labels: str) -> str:
    """Return an expression of how many alerts of a name fire, 0 included."""
    matchers = {"alertname": alert, "alertstate": "firing", names.SLO: objective.name, **labels}
    return f"(count(ALERTS{{{','.join(f'{name}={_quoted(value)}' for name, value in matchers.items())}}}) or vector(0))"


def _outage(objective: Objective, rows: Sequence[BurnRow]) -> Situation:
    row = rows[0]
    before, long_enough = row.long_s, _late(objective, row) + 2 * _BASE_S
    healed = before + long_enough + row.short_s + _slack(objective)
    return Situation(
        "outage: pages while everything fails, and no longer than the short window afterwards",
        (Phase(before, good=_RPS), Phase(long_enough, bad=_RPS), Phase(2 * HOUR + row.short_s, good=_RPS)),
        (
            Check(before, _is(_burns(objective, row), 0)),
            Check(before + long_enough, _is(_burns(objective, row), 1)),
            Check(healed + 2 * STEP_S, _is(_burns(objective, row), 0)),
        ),
    )


def _healthy(objective: Objective, rows: Sequence[BurnRow]) -> Situation:
    end = 2 * HOUR
    errors = names.of(names.errors(rows[0].long), objective.name)
    checks = [Check(end, _is(errors, 0)), Check(end, _is(_any_alert(objective), 0))]
    if objective.period.rolls:
        checks.append(Check(end, _is(names.of(names.BUDGET_REMAINING, objective.name), 1)))
    return Situation(
        "healthy without any error series: errors are zero, the budget is whole, nothing fires",
        (Phase(end, good=_RPS),),
        tuple(checks),
    )


def _idle_hour(objective: Objective) -> Situation:
    busy, idle = HOUR, 2 * HOUR
    checks = [
        Check(busy + idle, _is(f"{names.of(names.total(names.BASE_WINDOW), objective.name)} >= bool 0", 1)),
        Check(busy + idle, _is(_any_alert(objective), 0)),
        Check(2 * busy + idle, _is(_any_alert(objective), 0)),
    ]
    if objective.period.rolls:
        budget = names.of(names.BUDGET_REMAINING, objective.name)
        checks += [Check(busy + idle, _is(budget, 1)), Check(2 * busy + idle, _is(budget, 1))]
    return Situation(
        "hours without traffic: figures stay numbers, nothing fires",
        (Phase(busy, good=_RPS), Phase(idle), Phase(busy, good=_RPS)),
        tuple(checks),
    )


def _first_traffic_fails(objective: Objective, rows: Sequence[BurnRow]) -> Situation:
    row, quiet = rows[0], HOUR
    until = quiet + _late(objective, row) + 2 * _BASE_S
    return Situation(
        "the first traffic fails: pages, although nothing had ever been good",
        (Phase(quiet, gone=True), Phase(until - quiet + STEP_S, bad=_RPS)),
        (Check(quiet - STEP_S, _is(_burns(objective, row), 0)), Check(until, _is(_burns(objective, row), 1))),
    )


def _one_failure(objective: Objective, rows: Sequence[BurnRow]) -> Situation:
    """Let requests be so few that one failure among those of the first long window is a larger share than it allows."""
    row, each = rows[0], Phase(STEP_S, good=1 / STEP_S)
    gap = max(STEP_S, _multiple(1.1 * row.long_s * float(row.burn_rate * objective.allowance), STEP_S))
    request = (Phase(gap - STEP_S), each) if gap > STEP_S else (each,)
    before, after = -(-7 * HOUR // gap), -(-2 * HOUR // gap)
    failed_at = (before + 1) * gap
    return Situation(
        f"one failure at a request in {gap // MINUTE} min: wakes nobody",
        (*request * before, *request[:-1], Phase(STEP_S, bad=1 / STEP_S), *request * after),
        tuple(
            # What an author's own policy says of one failure is the author's to decide.
            Check(failed_at + minutes * MINUTE, _is(firing(objective, names.BURN_ALERT), 0))
            for minutes in (0, 1, 2, 4, 20, 40, 61, 119)
        ),
    )


def _gone(objective: Objective) -> Situation:
    there = HOUR
    # The five-minute rate lives on until its last sample has left the window.
    silent = there + _BASE_S + _slack(objective) + ABSENT_FOR_S + 2 * STEP_S
    alert = firing(objective, names.ABSENT_ALERT)
    return Situation(
        "the target is gone: no data is an alert",
        (Phase(there, good=_RPS), Phase(2 * HOUR, gone=True)),
        (
            Check(there, _is(alert, 0)),
            Check(there + ABSENT_FOR_S - STEP_S, _is(alert, 0)),
            Check(silent, _is(alert, 1)),
        ),
    )


def _weighted(objective: Objective) -> Situation:
    """Put a busy day with errors beside quiet ones without: the mean of daily ratios would be another figure."""
    period = objective.period.seconds
    # Few steps, because the figure is about weights: each sample stands for its share of the period.
    step = max(MINUTE, min(30 * MINUTE, period // 240 // MINUTE * MINUTE))
    busy_s, quiet_s = _multiple(period / 10, step), _multiple(period * 8 / 10, step)
    failing = _RPS * float(objective.allowance) * 2
    bad, every = busy_s * failing, busy_s * (_RPS + failing) + quiet_s * 1.0
    budget = 1 - bad / every / float(objective.allowance)
    # The five-minute rate sees the change from one phase to the next a little late.
    blur = 4 * step / period * (_RPS / (every / (busy_s + quiet_s))) + _CLOSE
    at = busy_s + quiet_s - step
    return Situation(
        "the period's figure is weighted by traffic",
        (Phase(busy_s, good=_RPS, bad=failing), Phase(quiet_s, good=1)),
        (
            Check(
                at,
                _near(names.of(names.PERIOD_SLI, objective.name), 1 - bad / every, blur * float(objective.allowance)),
            ),
            Check(at, _near(names.of(names.BUDGET_REMAINING, objective.name), budget, blur * 2)),
        ),
        step_s=step,
    )


def _counters_restart(objective: Objective) -> Situation:
    part = 2 * HOUR
    checks = [Check(part + one * MINUTE, _is(_any_alert(objective), 0)) for one in (1, 5, 30, 60)]
    rate = names.of(names.total(names.BASE_WINDOW), objective.name)
    if isinstance(objective.indicator, Ratio) and objective.indicator.counter:
        # One interval is lost to the restart, never gained.
        checks += [
            Check(part + 2 * MINUTE, _is(f"{rate} > bool 0 * {rate} + {_RPS * 0.5:g}", 1)),
            Check(part + 2 * MINUTE, _is(f"{rate} < bool 0 * {rate} + {_RPS * 1.05:g}", 1)),
        ]
    return Situation(
        "counters begin again at zero: no rate jumps, nothing fires",
        (Phase(part, good=_RPS), Phase(part, good=_RPS, restarted=True)),
        tuple(checks),
    )


def _detection(objective: Objective, rows: Sequence[BurnRow]) -> Iterator[Situation]:
    """Let everything fail after a healthy time as long as the longest window, and watch each row fire when it must."""
    raw = [row for row in rows if row.long_s <= LONGEST_RAW_S]
    derived = [row for row in rows if row.long_s > LONGEST_RAW_S]
    # Days are walked through in larger steps: what is late then is minutes of many.
    for together, step_s in ((raw, STEP_S), (derived, 2 * STEP_S)):
        if together:
            yield _detected(objective, together, step_s)


def _detected(objective: Objective, rows: Sequence[BurnRow], step_s: int) -> Situation:
    history = _multiple(max(row.long_s for row in rows), step_s)
    checks = []
    for row in rows:
        early, late = (history + limit(objective, row, step_s) for limit in (_early, _late))
        if early > history:
            checks.append(Check(early, _is(_burns(objective, row), 0)))
        checks.append(Check(late, _is(_burns(objective, row), 1)))
    end = max(_late(objective, row, step_s) for row in rows) + 2 * step_s
    return Situation(
        f"an outage is detected when the arithmetic says so: {', '.join(row.long for row in rows)}",
        (Phase(history, good=_RPS), Phase(end, bad=_RPS)),
        tuple(checks),
        step_s=step_s,
    )


def _conditions(objective: Objective) -> Iterator[Situation]:
    for condition in objective.conditions:
        if not condition.when_breaching or not condition.comparison.startswith(">"):
            continue
        share = float(condition.threshold * objective.allowance)
        if share >= 1:
            continue
        before = condition.lookback_s
        lasts = int(share * condition.lookback_s) + condition.after_s + 2 * _BASE_S + _slack(objective)
        lasts = _multiple(lasts, STEP_S)
        alert = firing(objective, names.CONDITION_ALERT, policy=condition.policy, when="breaching")
        yield Situation(
            f"the alert policy {condition.policy} alerts, and not before",
            (Phase(before, good=_RPS), Phase(lasts, bad=_RPS)),
            (Check(before, _is(alert, 0)), Check(before + lasts - STEP_S, _is(alert, 1))),
        )


def _early(objective: Objective, row: BurnRow, step_s: int = STEP_S) -> int:
    """Return the last moment of an outage, in seconds on the grid of evaluations, at which a row must not yet fire."""
    exact = _multiple(row.detection_s(float(objective.allowance), 1.0), step_s)
    # Moments are counted, both ends of a window among them: the first bad one stands for the step before it, too.
    # Prometheus 3 leaves a window's left end out, so that one sample fewer is the whole: a step sooner is early enough.
    return max(0, exact - (2 * step_s if counts_events(objective) else 3 * step_s))


def _late(objective: Objective, row: BurnRow, step_s: int = STEP_S) -> int:
    """Return the first moment of an outage at which a row must fire: the short window has to see it as well."""
    allowance = float(objective.allowance)
    share = float(row.burn_rate) * allowance
    exact = max(row.detection_s(allowance, 1.0), share * row.short_s)
    # The first five-minute rates of an outage show it in part only: their mean is late by half of their window.
    derived = _BASE_S / 2 if row.long_s > LONGEST_RAW_S else 0
    return _multiple(exact + derived, step_s) + 2 * step_s + _slack(objective)


def _slack(objective: Objective) -> int:
    """Return how much later a slice says what an event says at once, in seconds on the grid."""
    indicator = objective.indicator
    return _multiple(indicator.slice_s, STEP_S) + _BASE_S if isinstance(indicator, Sliced) else 0


def _multiple(value: float, step: int) -> int:
    return int(-(-value // step) * step)


def _burns(objective: Objective, row: BurnRow) -> str:
    return firing(objective, names.BURN_ALERT, long_window=row.long, short_window=row.short)


def _any_alert(objective: Objective) -> str:
    return f'(count(ALERTS{{alertstate="firing",{names.SLO}="{objective.name}"}}) or vector(0))'


def _is(expression: str, value: float) -> str:
    return f"count(({expression}) == {value:g})"


def _near(expression: str, value: float, tolerance: float) -> str:
    return f"count(abs({expression} - {value:.9g}) < {tolerance:.3g})"


def _quoted(value: str) -> str:
    return f'"{value}"'
