"""What `titanium bench slo` measures: how much of it, and the figures as they are written to `bench-slo.json`.

Contract: `SloBench.to_json` returns the document of schema `titanium.bench-slo/v1`; units are in the fields' names.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from workbench.bench.slo_compile import CompilerFigures
    from workbench.bench.slo_prometheus import RuleFigures

SCHEMA: Final = "titanium.bench-slo/v1"
SLO_BENCH_FILE: Final = "bench-slo.json"


@dataclass(frozen=True, slots=True)
class SloPlan:
    """How many SLO files are compiled, how many SLOs a Prometheus gets, and how often it evaluates them."""

    files: int = 1000
    slos: int = 100
    evaluations: int = 12
    interval_s: int = 5
    quick: bool = False


FULL: Final = SloPlan()
QUICK: Final = SloPlan(files=20, slos=5, evaluations=5, interval_s=1, quick=True)


@dataclass(frozen=True, slots=True)
class SloSetting:
    """Where and with what it was measured."""

    measured_at: str
    revision: str
    machine: str
    cpus: int
    memory_gib: float
    system: str
    python: str


@dataclass(frozen=True, slots=True)
class SloBench:
    """Everything that one run measured."""

    setting: SloSetting
    plan: SloPlan
    compiler: list[CompilerFigures]
    rules: list[RuleFigures]

    def to_json(self) -> dict[str, Any]:
        """Return the document, ready for `json.dump`."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}
