"""The actions of a verification on this machine's platform."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaos.load.errors import LoadError, NothingMeasuredError
from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.result import RESULT_FILE
from chaos.load.target import parse_target
from slo.criterion import Criterion
from workbench.adapters.prometheus import HttpPrometheus
from workbench.commands.gate import keep_evidence
from workbench.console import out, step
from workbench.errors import CannotDecideError
from workbench.gate.run import GateRun, run_gate
from workbench.mesh.local.control import ControlPlane
from workbench.mesh.local.faults import InjectedFault
from workbench.mesh.local.takeover import faults_injected, wait_for_takeover
from workbench.platform.instance import PUBLIC_HOST, Instance
from workbench.platform.lifecycle import Platform
from workbench.published import textfiles
from workbench.reports.gate_terminal import print_judgement
from workbench.reports.load import LoadProgress
from workbench.verify.interrupts import uninterrupted
from workbench.verify.plan import FAULT_DELAY_MS, FAULT_PERCENT, FAULT_SERVICE

_SEED: Final = 1


class LocalActions:
    """The local platform; evidence goes below `folder`. With `keep`, or if it ran before, it goes on running."""

    def __init__(
        self,
        instance: Instance,
        criteria: Sequence[Criterion],
        folder: Path,
        *,
        rate_rps: float,
        keep: bool,
    ) -> None:
        self._instance = instance
        self._criteria = criteria
        self._folder = folder
        self._rate_rps = rate_rps
        self._keep = keep
        self._platform = Platform(instance, say=out.print)

    def up(self) -> None:
        # Noted first: whoever presses Ctrl-C in the middle keeps the platform that was there before.
        self._keep = self._keep or self._platform.supervisor.is_alive()
        self._platform.up(step)
        self.heal()

    def measure(self, name: str, *, look: int, duration_s: float, warmup_s: float) -> GateRun:
        folder = self._folder / name
        plan = LoadPlan(
            target=parse_target(self._instance.ingress_url, host_header=PUBLIC_HOST, own=False),
            rate_rps=self._rate_rps,
            duration_s=duration_s,
            warmup_s=warmup_s,
            seed=_SEED,
        )
        out.print(f"\n{name}: {self._rate_rps:g} requests/s for {duration_s:g} s after {warmup_s:g} s of warm-up")
        self._load(plan, folder, name)
        prometheus = HttpPrometheus(self._instance.prometheus_url)
        result = run_gate(self._criteria, folder / RESULT_FILE, prometheus, look=look)
        keep_evidence(result, self._criteria, prometheus, prometheus.url, folder)
        textfiles.verdicts(self._instance.published, result.judgement.slos)
        print_judgement(out, result.judgement, result.load, folder)
        return result

    def _load(self, plan: LoadPlan, folder: Path, name: str) -> None:
        try:
            with LoadProgress(plan, out, self._instance.published) as progress:
                result = run_load(plan, folder, run_id=f"{folder.parent.name}-{name}", on_progress=progress)
        except NothingMeasuredError as error:
            if error.interrupted:
                raise KeyboardInterrupt from error
            raise CannotDecideError(f"nothing was measured: {error}") from error
        except LoadError as error:
            raise CannotDecideError(str(error), hint="look at: titanium status, titanium logs ingress") from error
        if result.interrupted:
            raise KeyboardInterrupt

    def inject(self) -> None:
        plane = self._plane()
        fault = InjectedFault(percent=FAULT_PERCENT, delay_ms=FAULT_DELAY_MS)
        wait_for_takeover(plane, plane.put_fault(FAULT_SERVICE, fault))

    def injected(self) -> int:
        return faults_injected(self._plane())

    def heal(self) -> None:
        plane = self._plane()
        if plane.faults.read():
            wait_for_takeover(plane, plane.clear_faults())

    def down(self) -> None:
        if not self._keep:
            with uninterrupted():
                self._platform.down(step)

    def _plane(self) -> ControlPlane:
        return ControlPlane.of_running(self._instance)
