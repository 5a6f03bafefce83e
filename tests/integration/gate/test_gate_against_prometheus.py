"""The gate against a real Prometheus that scrapes an ingress and a sidecar which the test plays.

The exporter answers with the counters of a steady load; what is spoilt on the way differs by test. None of
the spoilt ones may pass.
"""

import csv
import gzip
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chaos.load.result import SAMPLES_COLUMNS, Generator, LagSummary, LatencySummary, LoadResult
from slo.criterion import release_criteria
from tests.integration.conftest import unused_port
from workbench.adapters.prometheus import HttpPrometheus
from workbench.domain.verdict import Verdict
from workbench.errors import CannotDecideError
from workbench.gate.run import GateRun, run_gate
from workbench.platform import components
from workbench.platform.instance import CHECKOUT
from workbench.platform.ports import Ports

RATE, WINDOW_S, INTERVAL_S = 600.0, 4.0, 0.5
DEADLINE_S = 30.0
OBJECTIVES = release_criteria([CHECKOUT / "slo" / "objectives"])
BOUNDS = ("10.0", "25.0", "500.0", "1000.0", "+Inf")
CLIENT_LABELS = (
    'source_workload="istio-ingressgateway",source_workload_namespace="istio-ingress",'
    'destination_service_name="api-gateway",destination_service="api-gateway.titanium-prod.svc.cluster.local"'
)


@dataclass
class Played:
    """An ingress and a sidecar, by what they have counted; everything is derived from the time since the start."""

    started: float = field(default_factory=time.time)
    reset_at: float = float("inf")
    rate: float = RATE

    def page(self, reporter: str) -> str:
        now = time.time()
        count = round(self.rate * (now - (self.reset_at if now >= self.reset_at else self.started)))
        labels = f'reporter="{reporter}",{CLIENT_LABELS}'
        lines = [f'istio_requests_total{{{labels},response_code="200"}} {count}']
        for bound in BOUNDS:
            share = 0 if bound == "10.0" else 1
            lines.append(f'istio_request_duration_milliseconds_bucket{{{labels},le="{bound}"}} {count * share}')
        lines.append(f"istio_request_duration_milliseconds_count{{{labels}}} {count}")
        return "\n".join(lines) + "\n"


@contextmanager
def exporting() -> Iterator[tuple[Played, int]]:
    world = Played()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = world.page(self.path.strip("/")).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing it waits for the last answer
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield world, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


class RealPrometheus:
    """A Prometheus process that can be killed and started again on its data."""

    def __init__(self, folder: Path, exporter: int, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.target = f"http://127.0.0.1:{exporter - Ports(0).ingress_stats}"
        binary = components.obtain(components.PROMETHEUS, CHECKOUT / ".titanium" / "components")
        configuration = folder / "prometheus.yml"
        configuration.write_text(_configuration(exporter, port))
        self._command = [
            str(binary),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        self._log = (folder / "log").open("w")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._log.close()


def _configuration(exporter: int, port: int) -> str:
    job = """
  - job_name: envoy-stats
    metrics_path: /{path}
    static_configs: [{{ targets: ["127.0.0.1:{exporter}"], labels: {{ app: {app} }} }}]
"""
    source = job.format(path="source", exporter=exporter, app="istio-ingressgateway")
    destination = job.format(path="destination", exporter=exporter, app="api-gateway").replace("envoy-stats", "second")
    relabel = "    relabel_configs: [{ target_label: job, replacement: envoy-stats }]\n"
    return (
        f"global: {{ scrape_interval: {round(INTERVAL_S * 1000)}ms, scrape_timeout: 400ms }}\nscrape_configs:"
        + source
        + destination
        + relabel
        + f'  - job_name: prometheus\n    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]\n'
    )


@contextmanager
def watching(folder: Path, exporter: int) -> Iterator[RealPrometheus]:
    real = RealPrometheus(folder, exporter, unused_port())
    try:
        yield real
    finally:
        real.close()


@pytest.fixture
def played() -> Iterator[tuple[Played, int]]:
    with exporting() as world:
        yield world


@pytest.fixture
def prometheus(tmp_path: Path, played: tuple[Played, int]) -> Iterator[RealPrometheus]:
    with watching(tmp_path, played[1]) as real:
        yield real


@dataclass(frozen=True)
class Quiet:
    """A window in which nothing was spoilt: what is spoilt afterwards is how one looks at it."""

    prometheus: RealPrometheus
    start: float

    def judged(
        self, folder: Path, *, shift_s: float = 0.0, target: str = "", clock: Callable[[], float] = time.time
    ) -> GateRun:
        load = write_load(folder, self.start + shift_s, target or self.prometheus.target)
        return run_gate(OBJECTIVES, load, HttpPrometheus(self.prometheus.url), clock=clock)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    with exporting() as (_, port), watching(tmp_path_factory.mktemp("quiet"), port) as real:
        yield Quiet(real, pass_a_window(real))


def wait_for_samples(url: str) -> None:
    ends = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends:
        try:
            real = HttpPrometheus(url)
            # A new process serves old samples before it has found its targets: ask for both.
            if real.scrape_interval_s("envoy-stats") and real.number('sum(up{job="envoy-stats"})') == 2:
                return
        except CannotDecideError:
            pass
        time.sleep(0.1)
    pytest.fail("Prometheus did not scrape within its deadline")


def write_load(folder: Path, start: float, target: str) -> Path:
    """A load of the window in which every request took 20 ms."""
    count = round(RATE * WINDOW_S)
    latency = LatencySummary(20.0, 20.0, 20.0, 20.0, 20.0, 20.0)
    load = LoadResult(
        run_id="test",
        target=target,
        arrival="constant",
        rate_rps=RATE,
        duration_s=WINDOW_S,
        warmup_s=0.0,
        started_at=start,
        ended_at=start + WINDOW_S,
        offered=count,
        started=count,
        completed=count,
        failed=0,
        dropped=0,
        failures={},
        lag_ms=LagSummary(0.1, 1.0, 2.0),
        latency_ms=latency,
        by_scenario={},
        samples_file="samples.csv.gz",
        generator=Generator("test", "1", "here"),
        seed=1,
        workers=1,
        interrupted=False,
    )
    (folder / "load.json").write_text(json.dumps(load.to_json()))
    with gzip.open(folder / "samples.csv.gz", "wt", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(SAMPLES_COLUMNS)
        rows.writerows((start + i / RATE, 20.0, "read", 1, "") for i in range(count))
    return folder / "load.json"


def pass_a_window(prometheus: RealPrometheus, spoil: Callable[[], None] | None = None) -> float:
    """Let a window pass, spoil something in the middle, and return when the window began."""
    wait_for_samples(prometheus.url)
    start = time.time()
    for moment, action in ((WINDOW_S / 2, spoil), (WINDOW_S, None)):
        while time.time() < start + moment:
            time.sleep(0.05)
        if action is not None:
            action()
    return start


def judged(prometheus: RealPrometheus, folder: Path, *, spoil: Callable[[], None] | None = None) -> GateRun:
    load = write_load(folder, pass_a_window(prometheus, spoil), prometheus.target)
    return run_gate(OBJECTIVES, load, HttpPrometheus(prometheus.url))


def open_questions(run: GateRun) -> set[str]:
    return {one.name for one in run.judgement.preconditions if not one.holds}


def test_a_healthy_window_passes(quiet: Quiet, tmp_path: Path) -> None:
    run = quiet.judged(tmp_path)

    assert open_questions(run) == set()
    assert run.judgement.verdict is Verdict.PASS
    assert all(1800 <= slo.total <= 2400 for slo in run.judgement.slos)


def test_a_prometheus_that_is_down_cannot_decide(prometheus: RealPrometheus, tmp_path: Path) -> None:
    with pytest.raises(CannotDecideError, match="does not answer"):
        judged(prometheus, tmp_path, spoil=prometheus.kill)


def test_a_prometheus_that_was_restarted_in_mid_run_cannot_decide(prometheus: RealPrometheus, tmp_path: Path) -> None:
    def restart() -> None:
        prometheus.kill()
        prometheus.start()
        wait_for_samples(prometheus.url)

    run = judged(prometheus, tmp_path, spoil=restart)

    assert "Prometheus was not restarted" in open_questions(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_proxy_that_was_restarted_in_mid_run_cannot_decide(
    prometheus: RealPrometheus, played: tuple[Played, int], tmp_path: Path
) -> None:
    def restart() -> None:
        played[0].reset_at = time.time()

    run = judged(prometheus, tmp_path, spoil=restart)

    assert "no counter was reset" in open_questions(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_window_without_data_cannot_decide(quiet: Quiet, tmp_path: Path) -> None:
    run = quiet.judged(tmp_path, shift_s=-3600)

    assert {"enough requests", "Prometheus watched all the time"} <= open_questions(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_another_targets_data_cannot_decide(
    prometheus: RealPrometheus, played: tuple[Played, int], tmp_path: Path
) -> None:
    played[0].rate = 3 * RATE
    played[0].started = time.time() - 1

    run = judged(prometheus, tmp_path)

    assert "client and mesh count the same requests" in open_questions(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_platform_beside_this_one_under_the_same_load_cannot_decide(quiet: Quiet, tmp_path: Path) -> None:
    run = quiet.judged(tmp_path, target="http://127.0.0.1:21000")

    assert open_questions(run) == {"Prometheus watches the platform that was loaded"}
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_clock_that_is_off_cannot_decide(quiet: Quiet, tmp_path: Path) -> None:
    run = quiet.judged(tmp_path, clock=lambda: time.time() + 60)

    assert "clocks agree" in open_questions(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE
