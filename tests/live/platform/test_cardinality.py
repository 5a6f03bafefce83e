"""A client that tries to make series cannot: budgets and closed sets of values hold, in services and mesh."""

from __future__ import annotations

import asyncio
import random
import string
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.common.telemetry import meanings
from services.common.telemetry.registry import KNOWN_METHODS, METRICS, OTHER_METHOD, UNMATCHED_ROUTE, Kind, Label
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

    from tests.live.conftest import LivePlatform

REQUESTS = 3000
AT_ONCE = 30
# Series of Istio's counters: pairs of workloads, reporters, codes and flags that this client's requests can have.
MESH_BUDGET = 120
_opener = build_opener(ProxyHandler({}))


def noise(dice: random.Random, length: int = 12) -> str:
    return "".join(dice.choices(string.ascii_letters + string.digits, k=length))


def a_request(dice: random.Random) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers, of which nothing was seen before."""
    prefix = dice.choice(["/", "/v1/", "/v1/posts/", "/v1/users/", "/v1/tags/", "/v1/auth/", "/livez/", "/metrics/"])
    path = f"{prefix}{noise(dice)}?{noise(dice)}={noise(dice)}"
    method = dice.choice([*KNOWN_METHODS, noise(dice, 6).upper(), "PROPFIND", "TRACE"])
    headers = {
        "Host": dice.choice([PUBLIC_HOST, PUBLIC_HOST, PUBLIC_HOST, f"{noise(dice)}.example"]),
        "User-Agent": noise(dice, 30),
        "x-request-id": noise(dice, 40),
        "traceparent": f"00-{noise(dice, 32)}-{noise(dice, 16)}-01",
        "x-forwarded-for": ".".join(str(dice.randrange(256)) for _ in range(4)),
        f"x-{noise(dice)}": noise(dice),
        "Authorization": f"Bearer {noise(dice, 60)}",
    }
    return method, path, headers


async def attack(url: str) -> int:
    """Send the requests; return how many were answered."""
    dice = random.Random(7)  # noqa: S311 - the same nonsense every time
    todo = [a_request(dice) for _ in range(REQUESTS)]
    answered = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        while todo:
            method, path, headers = todo.pop()
            try:
                async with session.request(method, url + path, headers=headers) as response:
                    await response.read()
                    answered += 1
            except aiohttp.ClientError:
                continue  # a proxy may close the connection on nonsense

    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, skip_auto_headers=["User-Agent"]) as session:
        await asyncio.gather(*(work(session) for _ in range(AT_ONCE)))
    return answered


def samples(live: LivePlatform, service: str) -> list[Sample]:
    port = live.instance.ports.workload(service).management
    with _opener.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        text = response.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


@pytest.mark.timeout(200)
def test_a_client_cannot_make_series(platform: LivePlatform) -> None:
    assert asyncio.run(attack(platform.instance.ingress_url)) > REQUESTS / 2
    for service in WORKLOADS:
        found = samples(platform, service)
        for metric in METRICS:
            suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
            count = sum(sample.name in {f"{metric.name}{suffix}" for suffix in suffixes} for sample in found)
            assert count <= meanings.budget(metric), f"{service}: {metric.name} has {count} series"
        methods = {sample.labels[Label.METHOD] for sample in found if Label.METHOD in sample.labels}
        assert methods <= KNOWN_METHODS | {OTHER_METHOD}
        routes = {sample.labels[Label.ROUTE] for sample in found if Label.ROUTE in sample.labels}
        assert all(route == UNMATCHED_ROUTE or route.startswith("/") for route in routes)
        assert len(routes) <= 25


def test_nor_can_it_in_the_mesh(platform: LivePlatform) -> None:
    prometheus = platform.instance.prometheus_url
    wait_until(lambda: bool(series(prometheus, "istio_requests_total")), "the mesh counts", 30)
    found = series(prometheus, "count(istio_requests_total)")
    assert found[0] <= MESH_BUDGET, f"istio_requests_total has {found[0]:.0f} series"
    hosts = series(prometheus, 'count(count by (destination_service) (istio_requests_total{reporter="source"}))')
    assert hosts[0] <= 12
