"""The laboratory on this machine: platforms with and without Loki and Jaeger, by the command that users have.

Contract: every platform is brought up for itself and taken down afterwards; one that is up already is refused, not
touched. A backend is silenced by SIGSTOP: the kernel still accepts connections for it, and nobody ever answers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.target import parse_target
from workbench.bench import setting
from workbench.bench.lab import BACKENDS, group_of
from workbench.bench.processes import Memory, cpu_seconds, memory
from workbench.errors import CannotDecideError, UsageError
from workbench.platform import optional
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.lifecycle import Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from chaos.load.fleet import Progress
    from chaos.load.result import LoadResult
    from workbench.bench.figures import Setting
    from workbench.bench.plan import BenchPlan
    from workbench.platform.instance import Instance

COMMAND = (sys.executable, "-m", "workbench")


class BackendsLab:
    """Platforms of one instance; evidence of every load goes into `folder`.

    Raises:
        UsageError: a backend is missing, or the platform is up already.
    """

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance = instance
        self.folder = folder
        self._platform = Platform(instance)
        for component in optional.SERVERS:
            if optional.find(component, instance.bin) is None:
                raise UsageError(f"there is no {component.name} on this machine", hint=component.way)
        if self._platform.status().processes:
            raise UsageError("the platform is up: the benchmark starts its own", hint="titanium down")

    def setting(self, plan: BenchPlan) -> Setting:
        return setting.describe(self.instance.checkout, plan)

    @contextlib.contextmanager
    def up(self, *, backends: bool, debug: bool) -> Iterator[RunningPlatform]:
        without = {} if backends else {optional.WITHOUT_VARIABLE: ",".join(one.name for one in optional.SERVERS)}
        level = {"LOG_LEVEL": "DEBUG"} if debug else {}
        try:
            self._titanium("up", {**without, **level})
            yield RunningPlatform(self.instance, self._pids(), self.folder)
        finally:
            self._titanium("down", {})

    def _pids(self) -> dict[str, int]:
        supervisor = self._platform.supervisor
        states = supervisor.processes()
        return {name: state.pid for name, state in states.items() if state.is_running} | {
            "supervisord": supervisor.pid()
        }

    def _titanium(self, what: str, variables: Mapping[str, str]) -> None:
        done = subprocess.run(  # noqa: S603  our own command
            [*COMMAND, what], env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CannotDecideError(f"titanium {what} failed:\n{done.stdout}{done.stderr}")


class RunningPlatform:
    """A platform that is up; its programs by name."""

    def __init__(self, instance: Instance, pids: Mapping[str, int], folder: Path) -> None:
        self._instance = instance
        self._pids = pids
        self._folder = folder

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult:
        run_id = f"{time.time_ns()}"
        target = parse_target(self._instance.ingress_url, host_header=PUBLIC_HOST)
        plan = LoadPlan(target, rate_rps=rate_rps, duration_s=duration_s, warmup_s=warmup_s)
        return run_load(plan, self._folder / run_id, run_id=run_id, on_progress=on_progress)

    def cpu_seconds(self) -> Mapping[str, float]:
        groups: dict[str, list[int]] = {}
        for name, pid in self._pids.items():
            groups.setdefault(group_of(name), []).append(pid)
        return cpu_seconds(groups)

    def memory(self) -> list[Memory]:
        return memory(self._pids)

    @contextlib.contextmanager
    def silenced(self) -> Iterator[None]:
        backends = [self._pids[name] for name in BACKENDS & self._pids.keys() - {"log-shipper"}]
        try:
            for pid in backends:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)

    def settle(self, seconds: float) -> None:
        """Let the backends take what has been waiting for them."""
        time.sleep(seconds)
