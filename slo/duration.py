"""Durations: OpenSLO's shorthand in, seconds inside, PromQL's out."""

import re
from typing import Final

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# `m` is minutes and `M` months. A month, a quarter and a year have the length that burn rates are scaled by; where a
# calendar begins is another question (see `period`).
_SECONDS: Final = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "M": 30 * DAY, "Q": 90 * DAY, "Y": 365 * DAY}
_SHORTHAND: Final = re.compile(r"([0-9]+)([mhdwMQY])")
_PROMQL_UNITS: Final = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1))
_PROMQL: Final = re.compile(r"([0-9]+)([dhms])")


def seconds(shorthand: str) -> int:
    """Return the seconds of an OpenSLO duration such as `30d`, `5m` or `1M` (30 days).

    Raises:
        ValueError: it is none.
    """
    match = _SHORTHAND.fullmatch(shorthand)
    if match is None:
        raise ValueError(f"{shorthand!r} is no duration such as 5m, 1h, 30d or 1M")
    return int(match[1]) * _SECONDS[match[2]]


def promql(duration_s: int) -> str:
    """Return a duration as PromQL writes it in one word: 3600 is `1h`, 5400 is `90m`.

    Raises:
        ValueError: it is not positive.
    """
    if duration_s <= 0:
        raise ValueError(f"{duration_s} s is no window")
    name, size = next((name, size) for name, size in _PROMQL_UNITS if duration_s % size == 0)
    return f"{duration_s // size}{name}"


def from_promql(text: str) -> int:
    """Return the seconds of what `promql` wrote.

    Raises:
        ValueError: it is no duration of one unit.
    """
    match = _PROMQL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 5m or 30d")
    return int(match[1]) * dict(_PROMQL_UNITS)[match[2]]
