"""OpenSLO's durations in, PromQL's out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo import duration


@pytest.mark.parametrize(
    ("shorthand", "seconds"),
    [
        ("5m", 300),
        ("12h", 43_200),
        ("1d", 86_400),
        ("4w", 2_419_200),
        ("1M", 2_592_000),
        ("1Q", 7_776_000),
        ("1Y", 31_536_000),
    ],
)
def test_minutes_and_months_are_told_apart(shorthand: str, seconds: int) -> None:
    assert duration.seconds(shorthand) == seconds


@pytest.mark.parametrize("text", ["", "5", "m5", "5s", "1.5h", "5 m", "-5m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration.seconds(text)


@pytest.mark.parametrize(
    ("seconds", "promql"), [(300, "5m"), (3600, "1h"), (5400, "90m"), (2_592_000, "30d"), (61, "61s")]
)
def test_promql_gets_the_largest_whole_unit(seconds: int, promql: str) -> None:
    assert duration.promql(seconds) == promql


@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_written_is_read_back(seconds: int) -> None:
    assert duration.from_promql(duration.promql(seconds)) == seconds


def test_no_window_is_refused() -> None:
    with pytest.raises(ValueError, match="no window"):
        duration.promql(0)
