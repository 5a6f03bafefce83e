"""When requests are due: exact rates, true Poisson statistics, and workers that share one schedule."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from chaos.load.plan import LoadPlan
from chaos.load.scenarios import SCENARIOS
from chaos.load.schedule import schedule
from chaos.load.target import Target

TARGET = Target(url="http://127.0.0.1:23500", host="127.0.0.1", port=23500)


def a_plan(**changes: Any) -> LoadPlan:  # noqa: ANN401  the plan's own fields
    return LoadPlan(**{"target": TARGET, "rate_rps": 100.0, "duration_s": 60.0, "warmup_s": 0.0, **changes})


def test_constant_arrivals_are_exactly_as_many_as_rate_times_duration() -> None:
    offsets = [arrival.offset_s for arrival in schedule(a_plan(warmup_s=10.0))]
    assert len(offsets) == 7000
    assert offsets[0] == 0
    assert max(abs(later - earlier - 0.01) for earlier, later in pairwise(offsets)) < 1e-9


def test_a_fractional_rate_keeps_its_count() -> None:
    assert sum(1 for _ in schedule(a_plan(rate_rps=0.5, duration_s=11.0))) == 6


def test_poisson_gaps_have_the_mean_and_the_variance_of_their_law() -> None:
    # Exponential gaps at rate r: mean 1/r, standard deviation 1/r. With 20 000 of them the mean's own standard error
    # is 0.7 %, the deviation's 1 %: three of them are allowed.
    offsets = [arrival.offset_s for arrival in schedule(a_plan(arrivals="poisson", duration_s=200.0, seed=7))]
    gaps = [later - earlier for earlier, later in pairwise([0.0, *offsets])]
    assert statistics.fmean(gaps) == pytest.approx(0.01, rel=0.021)
    assert statistics.pstdev(gaps) == pytest.approx(0.01, rel=0.03)


def test_poisson_counts_per_second_have_a_variance_equal_to_their_mean() -> None:
    per_second = Counter(int(arrival.offset_s) for arrival in schedule(a_plan(arrivals="poisson", duration_s=1000.0)))
    counts = [per_second[second] for second in range(1000)]
    assert statistics.fmean(counts) == pytest.approx(100, rel=0.01)
    # The variance of a variance of 1000 samples: 4.5 % standard error.
    assert statistics.pvariance(counts) == pytest.approx(100, rel=0.135)


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_together_keep_the_schedule_of_one(arrivals: str, workers: int) -> None:
    alone = list(schedule(a_plan(arrivals=arrivals)))
    plan = a_plan(arrivals=arrivals, workers=workers)
    together = [arrival for worker in range(workers) for arrival in schedule(plan, worker)]
    assert sorted(together) == alone
    shares = [sum(1 for _ in schedule(plan, worker)) for worker in range(workers)]
    assert max(shares) - min(shares) <= 1


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    plan = a_plan(arrivals="poisson")
    assert list(schedule(plan)) == list(schedule(plan))
    assert list(schedule(plan)) != list(schedule(a_plan(arrivals="poisson", seed=2)))


def test_the_mix_follows_the_weights_table() -> None:
    chosen = Counter(arrival.scenario for arrival in schedule(a_plan(duration_s=500.0)))
    total = sum(scenario.weight for scenario in SCENARIOS)
    for scenario in SCENARIOS:
        share = scenario.weight / total
        # Four standard deviations of a binomial count of 50 000.
        allowed = 4 * (share * (1 - share) * 50_000) ** 0.5
        assert abs(chosen[scenario.name] - share * 50_000) <= allowed, scenario.name


def test_the_table_is_a_blogs_traffic() -> None:
    weights = {scenario.name: scenario.weight for scenario in SCENARIOS}
    assert sum(weights.values()) == 1000
    assert 20 <= weights["log in"] <= 50
    assert min(weights[name] for name in ("write a post", "edit own post", "delete own post")) > 0
    anonymous = ("open a post", "read the front page", "browse by tag", "browse by author", "turn the page")
    assert sum(weights[name] for name in anonymous) > 800
