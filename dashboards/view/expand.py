"""Queries with their variables in place, as Grafana expands them for Prometheus and Loki.

Sources: grafana.com/docs, "Global variables", "Advanced variable format options", and "Prometheus template variables"
for `$__rate_interval` = max($__interval + scrape interval, 4 * scrape interval).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ALL: Final = "$__all"
# Grafana's roundInterval: an interval below the first number becomes the second. Seconds.
_ROUNDED: Final = (
    (0.015, 0.01), (0.035, 0.02), (0.075, 0.05), (0.15, 0.1), (0.35, 0.2), (0.75, 0.5), (1.5, 1), (3.5, 2), (7.5, 5),
    (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900),
    (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200), (16200, 10800), (32400, 21600), (86400, 43200),
    (604800, 86400), (1814400, 604800), (3628800, 2592000),
)  # fmt: skip
_LONGEST_S: Final = 31536000
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]|\$(\w+)")
# What Prometheus' plugin escapes in values that stand inside a regular expression.
_REGEX_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")


@dataclass(frozen=True)
class Window:
    """What is looked at: from and to in seconds since 1970, and how many points a panel can show."""

    start_s: float
    end_s: float
    points: int = 1000
    scrape_interval_s: float = 2.0

    @property
    def range_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def interval_s(self) -> float:
        """`$__interval`: the distance of points, rounded, never shorter than a scrape."""
        return max(round_interval(self.range_s / self.points), self.scrape_interval_s)

    @property
    def rate_interval_s(self) -> float:
        """`$__rate_interval`: long enough for at least four scrapes."""
        return max(self.interval_s + self.scrape_interval_s, 4 * self.scrape_interval_s)

    def globals(self) -> dict[str, str]:
        """Return Grafana's own variables."""
        return {
            "__interval": duration(self.interval_s),
            "__interval_ms": f"{self.interval_s * 1000:.0f}",
            "__rate_interval": duration(self.rate_interval_s),
            "__auto": duration(self.interval_s),
            "__range": duration(self.range_s),
            "__range_s": f"{self.range_s:.0f}",
            "__range_ms": f"{self.range_s * 1000:.0f}",
            "__from": f"{self.start_s * 1000:.0f}",
            "__to": f"{self.end_s * 1000:.0f}",
        }


@dataclass(frozen=True)
class Chosen:
    """What a reader chose: values by variable, and what `All` stands for where a dashboard says so."""

    values: Mapping[str, str | Sequence[str]]
    all_values: Mapping[str, str] = field(default_factory=dict)


def expand(query: str, chosen: Chosen, window: Window) -> str:
    """Return a query with every variable in its place; a variable that nobody knows stays as it is, as in Grafana."""
    own = window.globals()

    def replaced(match: re.Match[str]) -> str:
        name = match[1] or match[3] or match[5]
        if name in own:
            return own[name]
        if name not in chosen.values:
            return match[0]
        value = chosen.values[name]
        if value in (ALL, [ALL], (ALL,)) and name in chosen.all_values:
            return chosen.all_values[name]
        return _formatted(value, match[2] or match[4] or "")

    return _VARIABLE.sub(replaced, query)


def round_interval(seconds: float) -> float:
    """Return the interval that Grafana rounds to."""
    return next((rounded for limit, rounded in _ROUNDED if seconds < limit), _LONGEST_S)


def duration(seconds: float) -> str:
    """Return a duration as Grafana writes it: in the largest unit that leaves a whole number."""
    milliseconds = round(seconds * 1000)
    if milliseconds % 1000:
        return f"{milliseconds}ms"
    whole = milliseconds // 1000
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole and whole % length == 0:
            return f"{whole // length}{unit}"
    return f"{whole}s"


def _formatted(value: str | Sequence[str], how: str) -> str:
    if not how and isinstance(value, str):
        return value  # one value stands as it is: it may be the text of a field
    values = [value] if isinstance(value, str) else list(value)
    return _FORMATS.get(how, _regex)(values)


def _regex(values: Sequence[str]) -> str:
    escaped = [_REGEX_SPECIAL.sub(lambda match: f"\\\\{match[0]}", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


_FORMATS: Final[dict[str, Callable[[Sequence[str]], str]]] = {
    "": _regex,
    "regex": _regex,
    "pipe": "|".join,
    "csv": ",".join,
    "raw": ",".join,
    "json": lambda values: f"[{','.join(repr(value) for value in values)}]".replace("'", '"'),
}
