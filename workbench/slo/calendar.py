"""Where a calendar-aligned period has begun: OpenSLO gives a start, a length and a time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from slo.objective import Period

_START: Final = "%Y-%m-%d %H:%M:%S"
_LENGTH: Final = re.compile(r"([0-9]+)([mhdwMQY])")
_MONTHS: Final = {"M": 1, "Q": 3, "Y": 12}
_DAYS: Final = {"d": 1, "w": 7}
_SECONDS: Final = {"m": 60, "h": 3600}


def began_at(period: Period, now: float) -> float:
    """Return when the period that contains `now` has begun, both in epoch seconds.

    Days, weeks, months, quarters and years are those of the zone's calendar: a day with a change of clocks has 23 or 25
    hours. A start on a day that a month lacks is taken on the month's last day.
    """
    if period.start_time is None or period.time_zone is None:
        return now - period.seconds
    zone = ZoneInfo(period.time_zone)
    # The start is the zone's wall clock, so that it is read without a zone first.
    first = datetime.strptime(period.start_time, _START)  # noqa: DTZ007
    match = _LENGTH.fullmatch(period.text)
    if match is None:  # pragma: no cover - the reader has checked it
        raise ValueError(period.text)
    count, unit = int(match[1]), match[2]
    if unit in _SECONDS:
        start, length = first.replace(tzinfo=zone).timestamp(), count * _SECONDS[unit]
        return start + (now - start) // length * length
    number = _estimate(first, now, count, unit)
    while _nth(first, zone, number + 1, count, unit) <= now:
        number += 1
    while _nth(first, zone, number, count, unit) > now:
        number -= 1
    return _nth(first, zone, number, count, unit)


def _estimate(first: datetime, now: float, count: int, unit: str) -> int:
    """Return about how many periods have passed, rather too few."""
    days = (now - first.replace(tzinfo=ZoneInfo("UTC")).timestamp()) / 86400
    return int(days // (count * (_DAYS.get(unit) or 31 * _MONTHS[unit]))) - 1


def _nth(first: datetime, zone: ZoneInfo, number: int, count: int, unit: str) -> float:
    if unit in _DAYS:
        wall = first + timedelta(days=number * count * _DAYS[unit])
    else:
        months = first.month - 1 + number * count * _MONTHS[unit]
        year, month = first.year + months // 12, months % 12 + 1
        wall = first.replace(year=year, month=month, day=min(first.day, _days_in(year, month)))
    return wall.replace(tzinfo=zone).timestamp()


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - a calendar's page
    return (following - timedelta(days=1)).day
