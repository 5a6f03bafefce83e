"""From a build to what can be observed of it: the client's files, and the mesh's counters at each scrape.

Requests are simulated one by one, seeded by the build's name and the look, so that a run is always the same. Labels,
buckets and rounding are those that the local platform has (`workbench.mesh.local.metrics`); requests of the warm-up
are counted by the mesh and not by the client, as in a real run.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from chaos.load.plan import LoadPlan
from chaos.load.recording import Recording
from chaos.load.result import RESULT_FILE, SAMPLES_FILE, Generator
from chaos.load.schedule import schedule
from chaos.load.summary import summarise, write_samples
from chaos.load.target import Target
from tests.live.gate_corpus.behaviour import TIMEOUT_MS, Answer, Moment, healthy
from tests.live.gate_corpus.builds import Build
from tests.live.gate_corpus.telemetry import Measured
from workbench.domain.series import Series
from workbench.gate.observe import GATEWAY, INGRESS, PROXIES_JOB, SLOW_REQUESTS
from workbench.mesh.local.metrics import BUCKETS_MS, SLOW_MS
from workbench.platform.monitoring import SCRAPE_INTERVAL_S
from workbench.platform.ports import Ports

PORTS: Final = Ports(27_000)
WARMUP_S: Final = 10.0
# Where in an interval Prometheus scrapes a target differs by target; how long it goes on after the load.
_PHASES_S: Final = {"source": 0.7, "destination": 1.3}
_SETTLED_S: Final = 6.0
# Envoy merges its histograms when it flushes: what a scrape sees of them is up to this old.
_FLUSH_S: Final = 1.0
# What the network takes of a latency that the client sees and the ingress does not.
_NETWORK_MS: Final = 0.4
_BURST: Final = 10
_TENANTS, _REPLICAS = 100, 3


@dataclass(frozen=True, slots=True)
class Request:
    """A user who came, `at` seconds after the load began, and the answer."""

    at: float
    endpoint: str
    answer: Answer


@dataclass(frozen=True)
class Run:
    """One load on a build; `began` is the beginning of its warm-up in epoch seconds."""

    build: Build
    plan: LoadPlan
    began: float
    requests: Sequence[Request]

    @property
    def measured(self) -> Measured:
        return Measured(self.began + self.plan.warmup_s, self.began + self.plan.total_s)


def simulate(build: Build, *, look: int, duration_s: float, began: float) -> Run:
    """Put a load on a build."""
    target = Target(f"http://127.0.0.1:{PORTS.ingress}", "127.0.0.1", PORTS.ingress)
    arrivals = "poisson" if build.arrivals == "poisson" else "constant"
    plan = LoadPlan(target, build.rate_rps, duration_s, WARMUP_S, arrivals, seed=look)
    dice = Random(f"{build.name}/{look}")  # noqa: S311 - reproducible, not a secret
    effects = [effect(dice) for effect in build.serves]
    requests = []
    for moment in _moments(build, plan, dice):
        answer = healthy(dice)
        for serve in effects:
            answer = serve(moment, answer)
        requests.append(Request(moment.at, moment.endpoint, _given_up(answer)))
    return Run(build, plan, began, requests)


def _moments(build: Build, plan: LoadPlan, dice: Random) -> Iterator[Moment]:
    for number, due, scenario in schedule(plan):
        at = number // _BURST * _BURST / plan.rate_rps if build.arrivals == "bursts" else due
        yield Moment(at, plan.total_s - at, scenario, dice.randrange(_TENANTS), number % _REPLICAS)


def _given_up(answer: Answer) -> Answer:
    if answer.latency_ms < TIMEOUT_MS:
        return answer
    return replace(answer, latency_ms=TIMEOUT_MS, code=0, complaint="timeout")


# The client.


def write_load(run: Run, folder: Path) -> Path:
    """Write what the load generator writes; return the path of its result."""
    folder.mkdir(parents=True)
    recording = Recording()
    # Two in a hundred are late, so that P99 of the lag is what the build's machine has.
    lags = (0.3,) * 49 + (run.build.lag_p99_ms,)
    for number, one in enumerate(request for request in run.requests if request.at >= run.plan.warmup_s):
        recording.add(
            intended_s=one.at,
            latency_ms=one.answer.latency_ms,
            scenario=one.endpoint,
            reason=one.answer.complaint,
        )
        recording.lag_ms.append(lags[number % len(lags)])
    result = summarise(
        recording,
        run.plan,
        run_id=run.build.name,
        start_epoch_s=run.began,
        generator=Generator("simulated", "1", "simulated"),
    )
    (folder / RESULT_FILE).write_text(json.dumps(result.to_json()), encoding="utf-8")
    write_samples(recording, folder / SAMPLES_FILE, start_epoch_s=run.began)
    return folder / RESULT_FILE


# The mesh.


def scraped(run: Run) -> list[Series]:
    """Return what Prometheus holds of a run: as the build's telemetry shows it."""
    build, seen = run.build, run
    if build.counted is not None:
        # Another platform under the same load.
        seen = simulate(replace(build, serves=build.counted), look=1, duration_s=run.plan.duration_s, began=run.began)
    honest = [*_reporter(seen, "source"), *_reporter(seen, "destination")]
    return [one for one in build.shown(honest, run.measured) if one.samples]


@dataclass(slots=True)
class _Counted:
    """The counters of one response code, so far."""

    requests: int = 0
    slow: int = 0
    durations: int = 0
    total_ms: int = 0
    buckets: list[int] | None = None


def two_digits(duration_ms: int) -> int:
    """Return the lower end of the bin in which Envoy's histogram keeps a duration: 509 is 500."""
    scale: int = 10 ** max(0, len(str(duration_ms)) - 2)
    return duration_ms // scale * scale


def _reporter(run: Run, reporter: str) -> list[Series]:
    finished = sorted(_finished(run, reporter))
    samples: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = defaultdict(list)
    counted: dict[int, _Counted] = defaultdict(_Counted)
    counted[200].requests = 40  # Somebody was here before: demo data, readiness.
    done = flushed = 0
    for scrape in _scrapes(run, reporter):
        while done < len(finished) and finished[done][0] <= scrape:
            _, code, duration_ms = finished[done]
            counted[code].requests += 1
            counted[code].slow += duration_ms >= SLOW_MS
            done += 1
        while flushed < done and finished[flushed][0] <= scrape // _FLUSH_S * _FLUSH_S:
            _, code, duration_ms = finished[flushed]
            _keep(counted[code], duration_ms)
            flushed += 1
        for name, labels, value in _page(counted, histogram=reporter == "source"):
            samples[("__name__", name), *labels].append((run.began + scrape, value))
        samples[(("__name__", "up"),)].append((run.began + scrape, 1.0))
    return [Series(_labels(run, reporter, dict(key)), values) for key, values in samples.items()]


def _finished(run: Run, reporter: str) -> Iterator[tuple[float, int, int]]:
    """Yield when each request ended (seconds since the load began), its code, and its duration in milliseconds."""
    for one in run.requests:
        answer = one.answer
        took_ms = max(0.0, answer.latency_ms - answer.unseen_ms - _NETWORK_MS)
        for _ in range(answer.attempts if reporter == "destination" else 1):
            yield one.at + answer.latency_ms / 1000, answer.code, int(took_ms)


def _scrapes(run: Run, reporter: str) -> Iterator[float]:
    number, last = 0, run.plan.total_s + _SETTLED_S
    while (at := number * SCRAPE_INTERVAL_S + _PHASES_S[reporter]) <= last:
        yield at
        number += 1


def _keep(counted: _Counted, duration_ms: int) -> None:
    counted.buckets = counted.buckets or [0] * len(BUCKETS_MS)
    counted.durations += 1
    counted.total_ms += duration_ms
    kept = two_digits(duration_ms)
    for number, bound in enumerate(BUCKETS_MS):
        counted.buckets[number] += kept <= bound


def _page(counted: dict[int, _Counted], *, histogram: bool) -> Iterator[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Yield the counters that a proxy shows: each exists from its first event on."""
    for code, one in counted.items():
        labels = (("response_code", str(code)),)
        yield "istio_requests_total", labels, one.requests
        if one.slow:
            yield SLOW_REQUESTS, labels, one.slow
        if not histogram or one.buckets is None:
            continue
        name = "istio_request_duration_milliseconds"
        for bound, value in zip(BUCKETS_MS, one.buckets, strict=True):
            yield f"{name}_bucket", (*labels, ("le", f"{bound:g}")), value
        yield f"{name}_bucket", (*labels, ("le", "+Inf")), one.durations
        yield f"{name}_count", labels, one.durations
        yield f"{name}_sum", labels, one.total_ms


def _labels(run: Run, reporter: str, own: dict[str, str]) -> dict[str, str]:
    app, port = (INGRESS, PORTS.ingress_stats) if reporter == "source" else (GATEWAY, PORTS.workload(GATEWAY).stats)
    target = {"job": PROXIES_JOB, "app": app, "instance": f"127.0.0.1:{port}"}
    if own["__name__"] == "up":
        return {**own, **target}
    return {
        **own,
        **target,
        "reporter": reporter,
        "source_workload": INGRESS,
        "source_workload_namespace": "istio-ingress",
        "destination_service_name": GATEWAY,
        "destination_service": f"{GATEWAY}.titanium-prod.svc.cluster.local",
        "destination_version": run.build.version,
    }
