"""Run the benchmark of the log and trace backends: what Loki and Jaeger cost, and what becomes of users without them.

Contract: `run` returns all figures or raises. Rounds with backends that answer and with backends that never do
alternate, so that what else the machine does meets both alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from workbench.bench.backends_figures import BackendsBench, BackendsPlan, Edition, Round
from workbench.bench.figures import Latency
from workbench.bench.runner import CpuMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from chaos.load.fleet import Progress
    from chaos.load.result import LoadResult
    from workbench.bench.figures import Setting
    from workbench.bench.plan import BenchPlan
    from workbench.bench.processes import Memory

NEITHER: Final = "without Loki and Jaeger"
ANSWERING: Final = "with both"
SILENT: Final = "with both, which accept and never answer"
SILENT_AT_DEBUG: Final = "the same, root logger at DEBUG"


class Running(Protocol):
    """A platform that is up."""

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult: ...

    def cpu_seconds(self) -> Mapping[str, float]: ...

    def memory(self) -> list[Memory]: ...

    def silenced(self) -> AbstractContextManager[None]:
        """Let the backends accept connections and never answer, for as long as the block runs."""

    def settle(self, seconds: float) -> None: ...


class Lab(Protocol):
    """A machine on which platforms can be brought up."""

    def setting(self, plan: BenchPlan) -> Setting: ...

    def up(self, *, backends: bool, debug: bool) -> AbstractContextManager[Running]:
        """Bring a platform up, and take it down afterwards."""


def run(lab: Lab, plan: BackendsPlan, *, say: Callable[[str], object]) -> BackendsBench:
    """Measure everything; `say` is told what is going on, a line a step."""
    setting = lab.setting(plan.load)
    say(NEITHER)
    with lab.up(backends=False, debug=False) as running:
        neither = Edition(NEITHER, [_round(running, plan) for _ in range(plan.rounds)], running.memory())
    with lab.up(backends=True, debug=False) as running:
        answering, silent = [], []
        for number in range(plan.rounds):
            say(f"{ANSWERING}, and {SILENT}: round {number + 1} of {plan.rounds}")
            answering.append(_round(running, plan))
            with running.silenced():
                silent.append(_round(running, plan))
                unheard = running.memory()
            running.settle(plan.settle_s)
        both = Edition(ANSWERING, answering, running.memory())
    say(SILENT_AT_DEBUG)
    with lab.up(backends=True, debug=True) as running, running.silenced():
        at_debug = Edition(SILENT_AT_DEBUG, [_round(running, plan) for _ in range(plan.rounds)], running.memory())
    return BackendsBench(setting, plan, [neither, both, Edition(SILENT, silent, unheard), at_debug])


def _round(running: Running, plan: BackendsPlan) -> Round:
    load = plan.load
    meter = CpuMeter(running.cpu_seconds, load.warmup_s)
    result = running.load(rate_rps=load.rate_rps, warmup_s=load.warmup_s, duration_s=load.duration_s, on_progress=meter)
    latency = result.latency_ms
    shown = Latency(latency.p50, latency.p95, latency.p99, latency.mean, result.lag_ms.p99)
    return Round(shown, result.started, result.failed, meter.per_request_ms())
