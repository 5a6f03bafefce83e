"""What `titanium bench backends` measures: how much of it, and the figures as written to `bench-backends.json`.

Contract: `BackendsBench.to_json` returns the document of schema `titanium.bench-backends/v1`; units are in the names.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from workbench.bench.plan import BenchPlan

if TYPE_CHECKING:
    from workbench.bench.figures import Latency, Setting
    from workbench.bench.processes import Memory

SCHEMA: Final = "titanium.bench-backends/v1"
BACKENDS_FILE: Final = "bench-backends.json"


@dataclass(frozen=True, slots=True)
class BackendsPlan:
    """How long one round of load is, and how many rounds each edition gets: their spread is the noise."""

    load: BenchPlan
    rounds: int
    settle_s: float


FULL: Final = BackendsPlan(BenchPlan(warmup_s=5.0, duration_s=40.0), rounds=3, settle_s=10.0)
QUICK: Final = BackendsPlan(BenchPlan(warmup_s=1.0, duration_s=5.0, quick=True), rounds=1, settle_s=1.0)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of load; `cpu_ms` is CPU milliseconds per request by group of processes."""

    latency: Latency
    requests: int
    failed: int
    cpu_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Edition:
    """The rounds of one edition of the platform, and the memory after them."""

    name: str
    rounds: list[Round]
    memory: list[Memory]

    def middle(self, percentile: str) -> float:
        """Return the median over the rounds of `p50_ms`, `p95_ms` or `p99_ms`."""
        return median(self._each(percentile))

    def spread(self, percentile: str) -> tuple[float, float]:
        """Return the lowest and the highest of the rounds."""
        return min(self._each(percentile)), max(self._each(percentile))

    def cpu_ms(self) -> dict[str, float]:
        """Return CPU milliseconds per request by group, the median of the rounds."""
        groups = dict.fromkeys(group for one in self.rounds for group in one.cpu_ms)
        return {group: median(one.cpu_ms.get(group, 0.0) for one in self.rounds) for group in groups}

    def _each(self, percentile: str) -> list[float]:
        return [float(getattr(one.latency, percentile)) for one in self.rounds]


@dataclass(frozen=True, slots=True)
class BackendsBench:
    """Everything that one run measured."""

    setting: Setting
    plan: BackendsPlan
    editions: list[Edition]

    def to_json(self) -> dict[str, Any]:
        """Return the document, ready for `json.dump`."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}
