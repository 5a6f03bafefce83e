"""When requests are due, decided before the first one is sent: the heart of an open-loop load.

Contract: `schedule` is a pure function of the plan. It yields the arrivals of one worker in order of time; the
workers' schedules together are exactly the schedule that a single worker would have, so the rate is split without
rounding and Poisson arrivals stay Poisson. Nothing here knows how long an answer takes: that is the point.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, NamedTuple

from chaos.load.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.load.plan import LoadPlan


class Arrival(NamedTuple):
    """One user who comes at `offset_s` seconds after the start and wants to do `scenario`."""

    number: int
    offset_s: float
    scenario: str


def schedule(plan: LoadPlan, worker: int = 0) -> Iterator[Arrival]:
    """Yield the arrivals of `worker` (0-based) from the start of the warm-up to the end of the measured window."""
    everyone = itertools.takewhile(lambda arrival: arrival.offset_s < plan.total_s, _arrivals(plan))
    return itertools.islice(everyone, worker, None, plan.workers)


def _arrivals(plan: LoadPlan) -> Iterator[Arrival]:
    wishes = random.Random(f"{plan.seed}/scenarios")  # noqa: S311  a reproducible mix, not a secret
    names = [scenario.name for scenario in SCENARIOS]
    bounds = list(itertools.accumulate(scenario.weight for scenario in SCENARIOS))
    for index, offset_s in enumerate(_offsets(plan)):
        yield Arrival(index, offset_s, wishes.choices(names, cum_weights=bounds)[0])


def _offsets(plan: LoadPlan) -> Iterator[float]:
    if plan.arrivals == "constant":
        # A product, not a running sum: no rounding error piles up over an hour.
        return (index / plan.rate_rps for index in itertools.count())
    gaps = random.Random(f"{plan.seed}/arrivals")  # noqa: S311  reproducible, not a secret
    return itertools.accumulate(gaps.expovariate(plan.rate_rps) for _ in itertools.repeat(None))
