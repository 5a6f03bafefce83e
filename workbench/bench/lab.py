"""The laboratory on this machine: the platform, whose services are replaced by copies as a variant asks.

Contract: `running(variant)` stops the supervised services, and Envoys and monitoring where the variant
does without them, starts copies of the services on the same ports, and puts everything back afterwards. The copies
get the command and the environment that the supervised process had, changed only as `variants.environment` says.
Everything measured is measured from outside the processes. `PUBLIC_HOST` at the ingress with mesh, the gateway's own
port without.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import psutil

from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.scenarios import READS
from chaos.load.summary import percentile
from chaos.load.target import Target, parse_target
from workbench.adapters.k6 import RefereeResult, run_k6
from workbench.adapters.prometheus import HttpPrometheus
from workbench.bench import hops, setting
from workbench.bench.copies import Program, serving
from workbench.bench.figures import Latency
from workbench.bench.processes import Memory, cpu_seconds, memory
from workbench.bench.sink import Sink
from workbench.bench.variants import Direct, Variant, environment
from workbench.errors import EXIT_PASS
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.lifecycle import Platform
from workbench.platform.monitoring import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from chaos.load.fleet import Progress
    from chaos.load.result import LoadResult
    from workbench.bench.figures import Setting
    from workbench.bench.plan import BenchPlan
    from workbench.platform.instance import Instance

GATEWAY = "api-gateway"
EXPORTERS = frozenset({"postgres-exporter", "valkey-exporter", "node-exporter", "pages"})
MONITORING = frozenset({"prometheus", "alertmanager"}) | EXPORTERS
DATA_STORES = frozenset({"postgres", "valkey"})
BACKENDS = frozenset({"loki", "log-shipper", "jaeger"})
# Longer than Envoy's flush of its histograms (1 s) and a scrape (2 s) after it.
SETTLE_S = 4.0
VERIFY = (sys.executable, "-m", "workbench", "verify")


def group_of(program: str) -> str:
    """Return the group that a supervised program's CPU time is shown under."""
    if program in WORKLOADS:
        return "services"
    if program in DATA_STORES:
        return "PostgreSQL and Valkey"
    if program in MONITORING:
        return "monitoring"
    if program in BACKENDS:
        return "Loki and Jaeger"
    return "supervisord" if program == "supervisord" else "mesh"


def stopped_for(variant: Variant, programs: set[str]) -> set[str]:
    """Return the supervised programs that do not run in this variant (services always: copies take their place)."""
    mesh = {name for name in programs if group_of(name) == "mesh"}
    return programs & (
        set(WORKLOADS) | (set() if variant.mesh else mesh) | (set() if variant.telemetry else MONITORING)
    )


class LocalLab:
    """The platform of one instance; evidence of every load goes into `folder`."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance = instance
        self.folder = folder
        self.sink = Sink()
        self._platform = Platform(instance)
        self._started_it = False

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sink.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sink.__exit__(kind, error, trace)
        if self._started_it:
            self._platform.down()

    def seconds_to_verdict(self) -> float | None:
        """Run `titanium verify` as a user does; None when the platform is up already or there was no PASS."""
        if self._platform.status().processes:
            return None
        began = time.monotonic()
        with (self.folder / "verify.log").open("wb") as log:
            code = subprocess.run(VERIFY, stdout=log, stderr=log, check=False).returncode  # noqa: S603  our own command
        return time.monotonic() - began if code == EXIT_PASS else None

    def up(self) -> float | None:
        began = time.monotonic()
        self._started_it = self._platform.up()
        return time.monotonic() - began if self._started_it else None

    def setting(self, plan: BenchPlan) -> Setting:
        return setting.describe(self.instance.checkout, plan)

    @contextlib.contextmanager
    def running(self, variant: Variant) -> Iterator[RunningVariant]:
        supervisor = self._platform.supervisor
        pids = {name: state.pid for name, state in supervisor.processes().items() if state.is_running}
        copies = [self._copy(variant, name, pids[name]) for name in WORKLOADS]
        stopped = stopped_for(variant, set(pids))
        self._platform.stop_programs(sorted(stopped))
        try:
            with serving(copies, self.folder / variant.name.replace(" ", "-")) as copied:
                kept = {name: pid for name, pid in pids.items() if name not in stopped}
                yield RunningVariant(self, variant, kept | copied | {"supervisord": supervisor.pid()})
        finally:
            self._platform.start_programs(sorted(stopped))

    def _copy(self, variant: Variant, name: str, pid: int) -> Program:
        process = psutil.Process(pid)
        ports = self.instance.ports
        direct = Direct(
            apps={app: ports.workload(app).app for app in WORKLOADS if app != GATEWAY},
            database=ports.postgres,
            cache=ports.valkey,
        )
        return Program(
            name=name,
            command=process.cmdline(),
            environment=environment(variant, process.environ(), direct=direct, sink_url=self.sink.url),
            ready_url=f"http://127.0.0.1:{ports.workload(name).management}/readyz",
        )


class RunningVariant:
    """One variant, up and answering."""

    def __init__(self, lab: LocalLab, variant: Variant, pids: Mapping[str, int]) -> None:
        self._lab = lab
        self._pids = pids
        self._runs = 0
        self._received_before = dict(lab.sink.received)
        self._slug = variant.name.replace(" ", "-")
        ports = lab.instance.ports
        self._target: Target = (
            parse_target(lab.instance.ingress_url, host_header=PUBLIC_HOST)
            if variant.mesh
            else parse_target(f"http://127.0.0.1:{ports.workload(GATEWAY).app}", host_header=PUBLIC_HOST)
        )

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult:
        self._runs += 1
        run_id = f"{self._slug}-{self._runs:02d}-{rate_rps:g}rps"
        plan = LoadPlan(self._target, rate_rps=rate_rps, duration_s=duration_s, warmup_s=warmup_s)
        return run_load(plan, self._lab.folder / run_id, run_id=run_id, on_progress=on_progress)

    def reads(self, result: LoadResult) -> Latency:
        latencies = read_latencies(self._lab.folder / result.run_id / result.samples_file)
        p50, p95, p99 = (percentile(latencies, percent) for percent in (50, 95, 99))
        return Latency(p50, p95, p99, sum(latencies) / len(latencies), result.lag_ms.p99)

    def cpu_seconds(self) -> Mapping[str, float]:
        groups: dict[str, list[int]] = {}
        for name, pid in self._pids.items():
            groups.setdefault(group_of(name), []).append(pid)
        return cpu_seconds(groups)

    def memory(self) -> list[Memory]:
        return memory(self._pids)

    def received(self) -> dict[str, int]:
        before = self._received_before
        return {path: count - before.get(path, 0) for path, count in self._lab.sink.received.items()}

    def referee(self, *, rate_rps: float, warmup_s: float, duration_s: float) -> RefereeResult:
        folder = self._lab.folder / f"{self._slug}-referee"
        return run_k6(self._target, folder, rate_rps=rate_rps, duration_s=duration_s, warmup_s=warmup_s)

    def hops(self, *, rate_rps: float, duration_s: float) -> list[hops.Share]:
        before = _at_rest()
        result = self.load(rate_rps=rate_rps, warmup_s=0, duration_s=duration_s, on_progress=lambda _progress: None)
        after = _at_rest()
        query = HttpPrometheus(self._lab.instance.prometheus_url).number
        sums, requests = hops.collect(query, before=before, after=after)
        return hops.breakdown(sums, requests=requests, client_mean_ms=result.latency_ms.mean)


def _at_rest() -> float:
    """Wait until Prometheus has seen everything that happened so far; return the time then, in epoch seconds."""
    time.sleep(SETTLE_S)
    return time.time()


def read_latencies(samples: Path) -> list[float]:
    """Return the latencies of the reading scenarios in milliseconds, ascending: what the referee sends, too."""
    names = {scenario.name for scenario in READS}
    with gzip.open(samples, "rt", encoding="utf-8", newline="") as stream:
        return sorted(float(row["latency_ms"]) for row in csv.DictReader(stream) if row["scenario"] in names)
