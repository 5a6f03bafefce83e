"""What SLO rules cost inside a real Prometheus: one process a shape, all beside each other over the same played metric.

Contract: `measure` plays the counters of an ingress, starts a Prometheus for each shape with all objectives' rules,
waits until every group was evaluated often enough, and reads the figures from its HTTP API. Everything listens on the
loopback interface at free ports, keeps its data in the folder given, and is ended by its own handle.
The history is as long as the run: what long windows cost over weeks of samples is not in these figures.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from slo.rules.model import lines
from workbench.adapters.prometheus import HttpPrometheus
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from slo.objective import Objective
    from workbench.bench.slo_figures import SloPlan
    from workbench.bench.slo_shapes import Shape

# Below the allowance of the objective, so that no alert is active: 1 of 1000, at 500 requests a second.
_GOOD_A_SECOND, _BAD_A_SECOND = 499.5, 0.5
_LABELS: Final = (
    'reporter="source",source_workload="istio-ingressgateway",source_workload_namespace="istio-ingress",'
    'destination_service="api-gateway.titanium-prod.svc.cluster.local"'
)
_START_S: Final = 60.0
_END_S: Final = 15.0
_POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One shape: what was loaded, and what it costs.

    `evaluation_s` are seconds to evaluate the groups of all objectives once, the mean over the second half of the run;
    `last_evaluation_s` the same for the last time alone. `evaluations` is how often each group was evaluated since the
    start, `missed` how often not, for lateness.
    """

    shape: str
    slos: int
    groups: int
    rules: int
    series: int
    evaluation_s: float
    last_evaluation_s: float
    evaluations: int
    missed: int
    prometheus: str

    @property
    def rules_per_slo(self) -> float:
        return self.rules / self.slos

    @property
    def series_per_slo(self) -> float:
        return self.series / self.slos


def measure(
    shapes: Sequence[Shape], objectives: Sequence[Objective], plan: SloPlan, program: Path, folder: Path
) -> list[RuleFigures]:
    """Return the figures of every shape.

    Raises:
        CannotDecideError: a Prometheus did not start, was too slow, or failed to evaluate a rule.
    """
    with ExitStack() as stack:
        exporter = stack.enter_context(_exporting())
        running = []
        for number, shape in enumerate(shapes):
            home = folder / str(number)
            names = _write_rules(shape, objectives, home / "rules")
            url = stack.enter_context(_running(program, home, exporter, plan))
            running.append((shape, names, HttpPrometheus(url)))
        _wait_for_evaluations({shape.name: one for shape, _, one in running}, plan)
        return [_read(shape, names, one, len(objectives), plan) for shape, names, one in running]


def _write_rules(shape: Shape, objectives: Sequence[Objective], folder: Path) -> list[str]:
    """Write a rule file an objective, and return the names of all records."""
    folder.mkdir(parents=True)
    names: set[str] = set()
    for objective in objectives:
        groups = shape.groups(objective)
        names |= {rule.record for group in groups for rule in group.rules if rule.record}
        text = "".join(f"{line}\n" for line in lines(groups))
        (folder / f"{objective.name}.yaml").write_text(text, encoding="utf-8")
    return sorted(names)


def _read(shape: Shape, names: Sequence[str], prometheus: HttpPrometheus, slos: int, plan: SloPlan) -> RuleFigures:
    half_s = max(2, plan.evaluations // 2) * plan.interval_s
    durations = "prometheus_rule_group_last_duration_seconds"

    def number(expression: str) -> float:
        value = prometheus.number(expression)
        if value is None:
            raise CannotDecideError(f"{shape.name}: Prometheus has no {expression}")
        return value

    if failed := number("sum(prometheus_rule_evaluation_failures_total)"):
        raise CannotDecideError(f"{shape.name}: {failed:.0f} evaluations of rules failed")
    return RuleFigures(
        shape=shape.name,
        slos=slos,
        groups=round(number(f"count({durations})")),
        rules=round(number("sum(prometheus_rule_group_rules)")),
        series=round(number(f'count({{__name__=~"{"|".join(names)}"}})')),
        evaluation_s=number(f"sum(avg_over_time({durations}[{half_s}s]))"),
        last_evaluation_s=number(f"sum({durations})"),
        evaluations=round(number("min(prometheus_rule_group_iterations_total)")),
        missed=round(number("sum(prometheus_rule_group_iterations_missed_total)")),
        prometheus=prometheus.version(),
    )


def _wait_for_evaluations(shapes: Mapping[str, HttpPrometheus], plan: SloPlan) -> None:
    """Wait until every group of all was evaluated often enough; what was done before there was data does not count.

    All are waited for before any is read: each is then asked about the same stretch of time, with the same history.
    """
    iterations = "prometheus_rule_group_iterations_total"
    with_data = f"max({iterations}) and on() count(istio_requests_total)"
    before = {name: _wait_for(with_data, 0, name, one, plan) for name, one in shapes.items()}
    for name, one in shapes.items():
        _wait_for(f"min({iterations})", before[name] + plan.evaluations, name, one, plan)


def _wait_for(expression: str, least: float, shape: str, prometheus: HttpPrometheus, plan: SloPlan) -> float:
    ends = time.monotonic() + _START_S + 2 * plan.evaluations * plan.interval_s
    last: object = None
    while time.monotonic() < ends:
        try:
            value = prometheus.number(expression)
        except CannotDecideError as error:
            last = error
        else:
            if value is not None and value >= least:
                return value
            last = value
        time.sleep(_POLL_S)
    raise CannotDecideError(f"{shape}: {expression} did not become {least:g} within the deadline, is {last}")


@contextmanager
def _running(program: Path, home: Path, exporter: int, plan: SloPlan) -> Iterator[str]:
    """Run a Prometheus with the rules in its folder, and give its URL."""
    port = _free_port()
    configuration = home / "prometheus.yml"
    configuration.write_text(_configuration(exporter, port, plan.interval_s), encoding="utf-8")
    command = [
        str(program),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)  # noqa: S603 - from the component table
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(exporter: int, port: int, interval_s: int) -> str:
    return (
        f"global: {{ scrape_interval: {interval_s}s, scrape_timeout: {interval_s}s, "
        f"evaluation_interval: {interval_s}s }}\n"
        'rule_files: ["rules/*.yaml"]\n'
        "scrape_configs:\n"
        f'  - {{ job_name: envoy-stats, static_configs: [{{ targets: ["127.0.0.1:{exporter}"] }}] }}\n'
        f'  - {{ job_name: prometheus, static_configs: [{{ targets: ["127.0.0.1:{port}"] }}] }}\n'
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def counters(elapsed_s: float) -> str:
    """Return the ingress' counters some seconds after its start, in Prometheus' text format."""
    counts = {"200": round(_GOOD_A_SECOND * elapsed_s), "503": round(_BAD_A_SECOND * elapsed_s)}
    return "# TYPE istio_requests_total counter\n" + "".join(
        f'istio_requests_total{{{_LABELS},response_code="{code}"}} {count}\n' for code, count in counts.items()
    )


@contextmanager
def _exporting() -> Iterator[int]:
    """Play the ingress in a thread, and give its port."""
    started = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = counters(time.monotonic() - started).encode()
            self.send_response(HTTPStatus.OK)
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
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
