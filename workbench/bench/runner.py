"""Run a benchmark: every measurement in order, through a laboratory that is given, so that it can be tested.

Contract: `run` brings the platform up, reads its memory at rest after load, then takes each variant to the nominal
rate and as far as it goes; the referee and the hops are measured on the complete platform. The laboratory is left as
it was found. Telemetry that reached nobody is an error: a variant "with telemetry" would measure nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workbench.bench.capacity import Capacity, Limits, search
from workbench.bench.figures import Bench, Latency, Setting, VariantFigures
from workbench.bench.sink import LOKI_PUSH
from workbench.bench.variants import EVERYTHING, VARIANTS, Variant
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from chaos.load.fleet import Progress
    from chaos.load.result import LoadResult
    from workbench.adapters.k6 import RefereeResult
    from workbench.bench.hops import Share
    from workbench.bench.plan import BenchPlan
    from workbench.bench.processes import Memory

# What the stand-ins for telemetry backends must have been sent for a variant to count as "with telemetry".
EXPECTED_PATHS = frozenset({"/v1/traces", LOKI_PUSH})


class SilentTelemetryError(CannotDecideError):
    """A variant with telemetry exported nothing."""


class Running(Protocol):
    """One variant of the platform, up and answering."""

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult: ...

    def reads(self, result: LoadResult) -> Latency:
        """Return the latency of the reading requests alone, which are what the referee sends."""

    def cpu_seconds(self) -> Mapping[str, float]: ...

    def received(self) -> dict[str, int]: ...

    def memory(self) -> list[Memory]: ...

    def referee(self, *, rate_rps: float, warmup_s: float, duration_s: float) -> RefereeResult: ...

    def hops(self, *, rate_rps: float, duration_s: float) -> list[Share]:
        """Put load on from rest to rest, and return what each layer added to a request."""


class Lab(Protocol):
    """A machine with the platform on it."""

    def up(self) -> float | None:
        """Start the platform; return seconds until its data was visible, None when it was up already."""

    def seconds_to_verdict(self) -> float | None:
        """Take the way from nothing to a verdict; None when that cannot be measured, or it was no PASS."""

    def setting(self, plan: BenchPlan) -> Setting: ...

    def running(self, variant: Variant) -> AbstractContextManager[Running]: ...


@dataclass
class CpuMeter:
    """Reads CPU time at the first and at the last progress report of the measured window.

    Progress carries the number of requests started, so the quotient is right whatever the rate turned out to be.
    """

    read: Callable[[], Mapping[str, float]]
    warmup_s: float
    _readings: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        if progress.elapsed_s >= self.warmup_s:
            self._readings = [*self._readings[:1], (progress.started, self.read())]

    def per_request_ms(self) -> dict[str, float]:
        """Return CPU milliseconds per request by group; `CannotDecideError` when the run was too short to tell."""
        if len(self._readings) < 2 or self._readings[1][0] <= self._readings[0][0]:  # noqa: PLR2004  a first and a last
            raise CannotDecideError("the run was too short to measure CPU time per request")
        (started, before), (ended, after) = self._readings
        return {group: max(0.0, after[group] - before[group]) * 1000 / (ended - started) for group in before}


def run(lab: Lab, plan: BenchPlan, limits: Limits, *, say: Callable[[str], None]) -> Bench:
    """Measure everything; `say` is told what is going on, a line a step."""
    verdict_s = None
    if not plan.quick:
        say("the time to a verdict: titanium verify")
        verdict_s = lab.seconds_to_verdict()
    say("starting the platform")
    up_s = lab.up()
    setting = lab.setting(plan)
    with lab.running(EVERYTHING) as running:
        result, meter = _nominal(running, EVERYTHING, plan, say)
        reads = running.reads(result)
        say("the referee")
        referee = running.referee(rate_rps=plan.rate_rps, warmup_s=plan.warmup_s, duration_s=plan.duration_s)
        memory = running.memory()
        say("where each millisecond goes")
        hops = running.hops(rate_rps=plan.rate_rps, duration_s=plan.duration_s)
        capacity = _capacity(running, EVERYTHING, plan, limits, say)
        variants = [_figures(EVERYTHING, result, meter, running.received(), capacity)]
    for variant in VARIANTS[1:]:
        with lab.running(variant) as running:
            result, meter = _nominal(running, variant, plan, say)
            capacity = _capacity(running, variant, plan, limits, say)
            variants.append(_figures(variant, result, meter, running.received(), capacity))
    return Bench(
        setting=setting,
        variants=variants,
        reads=reads,
        referee=referee,
        memory=memory,
        hops=hops,
        up_s=up_s,
        verdict_s=verdict_s,
    )


def _nominal(
    running: Running, variant: Variant, plan: BenchPlan, say: Callable[[str], None]
) -> tuple[LoadResult, CpuMeter]:
    say(f"{variant.name}: {plan.rate_rps:g} RPS for {plan.duration_s:g} s")
    meter = CpuMeter(running.cpu_seconds, plan.warmup_s)
    result = running.load(rate_rps=plan.rate_rps, warmup_s=plan.warmup_s, duration_s=plan.duration_s, on_progress=meter)
    return result, meter


def _figures(
    variant: Variant, result: LoadResult, meter: CpuMeter, received: dict[str, int], capacity: Capacity | None
) -> VariantFigures:
    if variant.telemetry and (silent := EXPECTED_PATHS - received.keys()):
        raise SilentTelemetryError(f"{variant.name}: nothing arrived at {', '.join(sorted(silent))}")
    return VariantFigures(
        name=variant.name,
        latency=_latency(result),
        requests=result.started,
        failed=result.failed,
        cpu_ms=meter.per_request_ms(),
        received=received,
        capacity=capacity,
    )


def _latency(result: LoadResult) -> Latency:
    latency = result.latency_ms
    return Latency(latency.p50, latency.p95, latency.p99, latency.mean, result.lag_ms.p99)


def _capacity(
    running: Running, variant: Variant, plan: BenchPlan, limits: Limits, say: Callable[[str], None]
) -> Capacity | None:
    if not plan.searches_capacity:
        return None

    def measure(rate_rps: float) -> LoadResult:
        say(f"{variant.name}: can it hold {rate_rps:g} RPS?")
        return running.load(
            rate_rps=rate_rps,
            warmup_s=plan.step_warmup_s,
            duration_s=plan.step_s,
            on_progress=lambda _progress: None,
        )

    return search(
        measure,
        limits,
        start_rps=plan.rate_rps,
        resolution_rps=plan.resolution_rps,
        limit_rps=plan.limit_rps,
    )
