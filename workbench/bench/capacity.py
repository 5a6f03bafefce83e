"""Find the highest rate that the platform holds inside its objectives, by steps.

Contract: `search` doubles the rate until one breaks, then halves the gap until it is at most the resolution. A rate
counts as broken only when it breaks twice in a row, because one bad second of a shared machine is not the platform's
limit. It measures through the function it is given and knows nothing of processes. Rates are requests a second,
latencies milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from chaos.load.result import LatencySummary
from workbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaos.load.result import LoadResult
    from slo.criterion import Criterion

# The gate's limit for a dispatcher. Here lateness is no reason to refuse a rate: it is part of each latency already, so
# that a rate held with a late dispatcher was held all the more. But it must be said what gave in.
MAX_LAG_P99_MS = 10.0
# Attempts before a rate counts as broken.
ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rate must stay inside to count as held: the objectives, in the terms of a load result.

    `percentile` is the one of `LatencySummary` that must not exceed `latency_ms`; at most `bad_fraction` may fail.
    """

    percentile: str
    latency_ms: float
    bad_fraction: float

    @classmethod
    def from_objectives(cls, criteria: Sequence[Criterion]) -> Self:
        """Return the limits that the SLO files set: one latency objective and one of answers without error."""
        latency = [one for one in criteria if one.threshold_ms is not None]
        errors = [one for one in criteria if one.threshold_ms is None]
        if len(latency) != 1 or len(errors) != 1:
            raise UsageError(f"capacity needs one objective of latency and one of errors, not {len(criteria)}")
        (slow,), (bad,) = latency, errors
        name = f"p{100 * slow.target:g}"
        if slow.threshold_ms is None or name not in LatencySummary.__slots__:
            raise UsageError(f"{slow.file}: a load result has no {name}, so capacity cannot be judged by {slow.name}")
        return cls(name, slow.threshold_ms, 1 - bad.target)

    def broken_by(self, result: LoadResult) -> str | None:
        """Name the first limit that the run broke, in words; None when it held."""
        latency_ms: float = getattr(result.latency_ms, self.percentile)
        if result.dropped:
            return f"{result.dropped} requests could not be sent" + _lateness(result)
        if result.failed > self.bad_fraction * result.started:
            return f"{result.failed} of {result.started} requests failed" + _lateness(result)
        if latency_ms > self.latency_ms:
            return f"{self.percentile.upper()} was {latency_ms:.0f} ms" + _lateness(result)
        return None


def _lateness(result: LoadResult) -> str:
    late = result.lag_ms.p99 > MAX_LAG_P99_MS
    return f"; the load generator was late, too (P99 {result.lag_ms.p99:.0f} ms)" if late else ""


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried; `broken` says what gave in, None when the rate was held."""

    rate_rps: float
    p95_ms: float
    lag_p99_ms: float
    broken: str | None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer: `held_rps` is the highest rate held (0 when none was), `limit` what gave in just above it."""

    held_rps: float
    limit: str
    steps: tuple[Step, ...]


def search(
    measure: Callable[[float], LoadResult],
    limits: Limits,
    *,
    start_rps: float,
    resolution_rps: float,
    limit_rps: float,
) -> Capacity:
    """Return the highest rate held, between `start_rps` (0 when even that breaks) and `limit_rps`."""
    steps: list[Step] = []
    held, broken = 0.0, float("inf")
    while (rate := _next_rate(held, broken, start_rps, limit_rps)) and broken - held > resolution_rps:
        step = _try(measure, limits, rate, steps)
        held, broken = (rate, broken) if step.broken is None else (held, rate)
    reasons = [step.broken for step in steps if step.rate_rps == broken and step.broken]
    return Capacity(
        held, reasons[-1] if reasons else f"not reached: {limit_rps:g} RPS is as far as was tried", tuple(steps)
    )


def _next_rate(held: float, broken: float, start: float, limit: float) -> float | None:
    """Double while nothing broke, else take the middle; None when there is nothing left to try."""
    if broken == float("inf"):
        following = min(2 * held, limit) if held else start
        return following if following > held else None
    return (held + broken) / 2 if held else None


def _try(measure: Callable[[float], LoadResult], limits: Limits, rate: float, steps: list[Step]) -> Step:
    for _ in range(ATTEMPTS):
        result = measure(rate)
        steps.append(Step(rate, result.latency_ms.p95, result.lag_ms.p99, limits.broken_by(result)))
        if steps[-1].broken is None:
            break
    return steps[-1]
