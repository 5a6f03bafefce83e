"""Where a calendar's period has begun."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo import duration
from slo.objective import Period
from workbench.slo.calendar import began_at

BERLIN = "Europe/Berlin"


def period(text: str, start: str = "2026-01-01 00:00:00", zone: str = BERLIN) -> Period:
    return Period(text, duration.seconds(text), start, zone)


def epoch(text: str, zone: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("text", "now", "began"),
    [
        ("1M", "2026-11-23 12:00:00", "2026-11-01 00:00:00"),
        ("1M", "2026-03-31 23:59:59", "2026-03-01 00:00:00"),
        ("1Q", "2026-11-23 12:00:00", "2026-10-01 00:00:00"),
        ("1Y", "2026-11-23 12:00:00", "2026-01-01 00:00:00"),
        ("1d", "2026-03-29 12:00:00", "2026-03-29 00:00:00"),
        ("1w", "2026-11-23 12:00:00", "2026-11-19 00:00:00"),
        ("1M", "2025-06-15 00:00:00", "2025-06-01 00:00:00"),
    ],
)
def test_a_period_begins_with_the_zones_own_calendar(text: str, now: str, began: str) -> None:
    assert began_at(period(text), epoch(now)) == epoch(began)


def test_a_day_with_a_change_of_clocks_is_a_day() -> None:
    first, second = (began_at(period("1d"), epoch(f"2026-03-{day} 12:00:00")) for day in (29, 30))
    assert second - first == 23 * 3600


def test_a_start_on_a_day_that_a_month_lacks_is_the_months_last() -> None:
    assert began_at(period("1M", "2026-01-31 00:00:00"), epoch("2026-03-15 00:00:00")) == epoch("2026-02-28 00:00:00")


def test_a_rolling_period_began_its_length_ago() -> None:
    assert began_at(Period("30d", 30 * 86400), 10_000_000.0) == 10_000_000.0 - 30 * 86400


@given(st.sampled_from(["1d", "2d", "1w", "1M", "2M", "1Q", "1Y", "6h"]), st.floats(1.5e9, 2.2e9))
def test_now_always_lies_in_the_period(text: str, now: float) -> None:
    one = period(text)
    began = began_at(one, now)
    assert began <= now < began + 1.1 * one.seconds + 86400
    assert began_at(one, began) == pytest.approx(began)
