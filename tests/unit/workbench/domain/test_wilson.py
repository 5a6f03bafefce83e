"""Wilson's interval: known values, its coverage by simulation, and what it refuses."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.wilson import Interval, smallest_conclusive, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_has_the_published_bounds(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson(successes, trials)

    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_without_trials_everything_is_possible() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(successes, trials)


@pytest.mark.parametrize("share", [0.005, 0.05, 0.3])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(share: float) -> None:
    dice = random.Random(7)  # noqa: S311 - a simulation that repeats, no secret
    trials, runs = 2000, 600
    covered = 0
    for _ in range(runs):
        interval = wilson(sum(dice.random() < share for _ in range(trials)), trials)
        covered += interval.low <= share <= interval.high

    # Binomial noise of 600 runs around 95 % is ±1.8 points (two standard deviations).
    assert 0.92 <= covered / runs <= 0.98


@given(st.floats(0.0005, 0.5))
def test_the_smallest_conclusive_sample_is_just_large_enough(allowance: float) -> None:
    enough = smallest_conclusive(allowance)

    assert wilson(0, enough).high < allowance
    assert wilson(0, enough - 1).high >= allowance or enough == 1


@pytest.mark.parametrize("allowance", [0.0, 1.0])
def test_an_allowance_that_no_sample_can_show_is_refused(allowance: float) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        smallest_conclusive(allowance)
