"""A short ordinary load on the running platform, and the questions that Prometheus is asked about that time.

While it runs, people register, which the load's scenarios do not.
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.target import parse_target
from workbench.platform.instance import PUBLIC_HOST, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RATE_RPS: Final = 30
WARMUP_S: Final = 3
DURATION_S: Final = 12
_STEP_S: Final = 2
_SCRAPED_WITHIN_S: Final = 15


@dataclass(frozen=True)
class Observed:
    """The local Prometheus and the time of the load, in epoch seconds."""

    prometheus: str
    start: float
    end: float

    def labels(self, query: str) -> list[Mapping[str, str]]:
        """Return the labels of an expression's series at the end of the load."""
        return [series["metric"] for series in self._ask("query", {"query": query, "time": f"{self.end:.3f}"})]

    def has_values(self, query: str) -> bool:
        """Return whether a panel over the time of the load shows anything; a curve of NaN shows nothing."""
        window = {"start": f"{self.start:.3f}", "end": f"{self.end:.3f}", "step": str(_STEP_S)}
        found = self._ask("query_range", {"query": query, **window})
        return any(not math.isnan(float(value)) for series in found for _, value in series["values"])

    def _ask(self, kind: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = _client().post(f"{self.prometheus}/api/v1/{kind}", data=dict(parameters)).json()
        assert answer["status"] == "success", f"{answer.get('error')}: {parameters['query']}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result


@cache
def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=10)


def observe(instance: Instance) -> Observed:
    """Put the load on the platform, and return when Prometheus has seen all of it."""
    target = parse_target(instance.ingress_url, host_header=PUBLIC_HOST)
    plan = LoadPlan(target, rate_rps=RATE_RPS, duration_s=DURATION_S, warmup_s=WARMUP_S)
    with tempfile.TemporaryDirectory() as folder, _people_who_register(instance):
        result = run_load(plan, Path(folder), run_id="dashboards")
    assert result.failed == 0, result.failures
    observed = Observed(instance.prometheus_url, result.started_at, result.ended_at)
    _wait_until_scraped(observed)
    return observed


def _wait_until_scraped(observed: Observed) -> None:
    deadline = time.monotonic() + _SCRAPED_WITHIN_S
    query = f'count(timestamp(up{{job="envoy-stats"}}) < {observed.end:.3f})'
    while _client().get(f"{observed.prometheus}/api/v1/query", params={"query": query}).json()["data"]["result"]:
        assert time.monotonic() < deadline, "Prometheus does not scrape the mesh"
        time.sleep(0.2)


@contextmanager
def _people_who_register(instance: Instance) -> Iterator[None]:
    """Register about once a second for as long as the block runs."""
    over = threading.Event()

    def until_over() -> None:
        while not over.wait(1):
            _register(instance)

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(until_over)
        try:
            yield
        finally:
            over.set()
        worker.result()


def _register(instance: Instance) -> None:
    """Let auth call user: the one call in the mesh that only a registration makes."""
    handle = f"dash{uuid.uuid4().hex[:12]}"
    person = {"email": f"{handle}@example.org", "handle": handle, "password": uuid.uuid4().hex}
    answer = _client().post(f"{instance.ingress_url}/v1/auth/register", json=person, headers={"host": PUBLIC_HOST})
    assert answer.status_code == 201, answer.text
