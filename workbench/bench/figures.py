"""What a benchmark measured, as it is written to `bench.json`: immutable values with units in their names.

Contract: `Bench.to_json` returns the document of schema `titanium.bench/v1`. A figure that was not measured is None
and is shown as "not measured"; there are no zeros in the place of missing figures.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.adapters.k6 import RefereeResult
    from workbench.bench.capacity import Capacity
    from workbench.bench.hops import Share
    from workbench.bench.processes import Memory

SCHEMA = "titanium.bench/v1"
BENCH_FILE = "bench.json"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the moment each request was due, and the lateness of the generator itself."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    lag_p99_ms: float


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """One variant of the platform at the nominal rate, and as far as it goes.

    `cpu_ms` is CPU milliseconds per request by group of processes; `received` counts what the stand-ins for telemetry
    backends accepted.
    """

    name: str
    latency: Latency
    requests: int
    failed: int
    cpu_ms: dict[str, float]
    received: dict[str, int]
    capacity: Capacity | None

    @property
    def total_cpu_ms(self) -> float:
        return sum(self.cpu_ms.values())


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and with what it was measured; versions by name."""

    measured_at: str
    revision: str
    machine: str
    cpus: int
    memory_gib: float
    system: str
    generator: str
    versions: dict[str, str]
    rate_rps: float
    duration_s: float
    quick: bool


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything one run measured; `up_s` and `verdict_s` are seconds from the command to readiness and verdict.

    `reads` are the reading requests among those of the first variant: what the referee sends, and nothing else.
    """

    setting: Setting
    variants: list[VariantFigures]
    reads: Latency
    referee: RefereeResult
    memory: list[Memory]
    hops: list[Share]
    up_s: float | None
    verdict_s: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the document, ready for `json.dump`."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    def variant(self, name: str) -> VariantFigures | None:
        return next((variant for variant in self.variants if variant.name == name), None)


def telemetry_share(with_telemetry: VariantFigures, without: VariantFigures) -> float:
    """Return the part of the platform's CPU time per request that telemetry takes, 0 to 1.

    It is the difference between the same platform with and without, so it contains what the services spend on spans and
    logs as well as the processes that exist for telemetry alone; never negative.
    """
    return max(0.0, 1 - without.total_cpu_ms / with_telemetry.total_cpu_ms)
