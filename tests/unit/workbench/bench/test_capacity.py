"""The search for the highest rate held."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slo.criterion import release_criteria
from workbench.bench.capacity import Limits, search
from workbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.load.result import LoadResult

    MakeResult = Callable[..., LoadResult]

LIMITS = Limits(percentile="p95", latency_ms=500.0, bad_fraction=0.001)
OBJECTIVES = Path(__file__).resolve().parents[4] / "slo/objectives"


class Server:
    """Holds every rate up to its capacity, and is slow beyond it."""

    def __init__(self, capacity_rps: float, make: MakeResult) -> None:
        self.capacity_rps = capacity_rps
        self.make = make

    def __call__(self, rate_rps: float) -> LoadResult:
        return self.make(rate_rps=rate_rps, p95_ms=20.0 if rate_rps <= self.capacity_rps else 2000.0)


@given(capacity=st.floats(min_value=100, max_value=1599))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixture is a pure function
def test_the_answer_is_never_above_the_capacity_and_within_the_resolution_below_it(
    load_result: MakeResult, capacity: float
) -> None:
    found = search(Server(capacity, load_result), LIMITS, start_rps=100, resolution_rps=25, limit_rps=1600)
    assert capacity - 25 <= found.held_rps <= capacity


def test_a_rate_that_breaks_once_and_then_holds_counts_as_held(load_result: MakeResult) -> None:
    hiccups = iter([2000.0])

    def measure(rate_rps: float) -> LoadResult:
        return load_result(rate_rps=rate_rps, p95_ms=next(hiccups, 20.0))

    found = search(measure, LIMITS, start_rps=100, resolution_rps=25, limit_rps=200)
    assert found.held_rps == 200
    assert [step.broken is None for step in found.steps] == [False, True, True]


def test_a_platform_that_breaks_at_the_first_rate_holds_nothing(load_result: MakeResult) -> None:
    found = search(Server(50, load_result), LIMITS, start_rps=100, resolution_rps=25, limit_rps=1600)
    assert found.held_rps == 0
    assert found.limit == "P95 was 2000 ms"


def test_a_limit_that_was_not_reached_is_said_to_be_so(load_result: MakeResult) -> None:
    found = search(Server(10_000, load_result), LIMITS, start_rps=100, resolution_rps=25, limit_rps=300)
    assert found.held_rps == 300
    assert found.limit == "not reached: 300 RPS is as far as was tried"


@pytest.mark.parametrize(
    ("what_went_wrong", "reason"),
    [
        ({"lag_p99_ms": 11.0, "p95_ms": 900.0}, "P95 was 900 ms; the load generator was late, too (P99 11 ms)"),
        ({"dropped": 3}, "3 requests could not be sent"),
        ({"failed": 7}, "7 of 6000 requests failed"),
        ({"p95_ms": 501.0}, "P95 was 501 ms"),
        ({"p95_ms": 500.0, "failed": 6, "lag_p99_ms": 99.0}, None),
    ],
)
def test_each_limit_is_named_when_it_is_broken(
    load_result: MakeResult, what_went_wrong: dict[str, float], reason: str | None
) -> None:
    assert LIMITS.broken_by(load_result(**what_went_wrong)) == reason


def test_the_limits_are_those_of_the_slo_files() -> None:
    limits = Limits.from_objectives(release_criteria([OBJECTIVES]))
    assert (limits.percentile, limits.latency_ms) == ("p95", 500.0)
    assert limits.bad_fraction == pytest.approx(0.005)


def test_an_objective_that_a_load_result_cannot_answer_is_refused() -> None:
    latency, *others = sorted(release_criteria([OBJECTIVES]), key=lambda one: one.threshold_ms is None)
    with pytest.raises(UsageError, match="no p97"):
        Limits.from_objectives([dataclasses.replace(latency, target=0.97), *others])
    with pytest.raises(UsageError, match="one of errors"):
        Limits.from_objectives([latency])
