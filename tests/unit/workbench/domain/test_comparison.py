"""Two samples side by side: what is shown, and what chance explains."""

import math

import pytest

from workbench.domain.comparison import Comparison, distributions, shares

Z = 1.96


def test_newcombes_own_example() -> None:
    # R. G. Newcombe (1998), table II, method 10: 56/70 and 48/80.
    found = shares((56, 70), (48, 80), z=Z)

    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-4)
    assert found.high == pytest.approx(0.3339, abs=5e-4)
    assert found.says is Comparison.WORSE


def test_both_inside_the_objective_and_one_is_worse() -> None:
    assert shares((20, 6000), (2, 6000), z=Z).says is Comparison.WORSE
    assert shares((2, 6000), (20, 6000), z=Z).says is Comparison.BETTER
    assert shares((5, 6000), (3, 6000), z=Z).says is Comparison.ALIKE


def test_without_traffic_nothing_is_shown() -> None:
    assert shares((0, 0), (5, 100), z=Z).says is Comparison.ALIKE
    assert distributions({}, {math.inf: 10.0}).says is Comparison.ALIKE


def test_a_slower_distribution_is_seen_where_its_shares_differ_most() -> None:
    baseline = {10.0: 3000.0, 25.0: 5900.0, 500.0: 6000.0, math.inf: 6000.0}
    slower = {10.0: 1500.0, 25.0: 5500.0, 500.0: 6000.0, math.inf: 6000.0}

    found = distributions(slower, baseline)
    assert found.value == pytest.approx(0.25)
    assert found.says is Comparison.WORSE
    assert distributions(baseline, slower).says is Comparison.BETTER
    assert distributions(baseline, baseline).says is Comparison.ALIKE


def test_few_requests_show_little() -> None:
    assert distributions({10.0: 4.0, math.inf: 10.0}, {10.0: 6.0, math.inf: 10.0}).says is Comparison.ALIKE
