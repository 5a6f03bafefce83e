"""Every query of every panel shows something, and what it shows is true.

A panel that is empty on a good day stands in a list with the fault that fills it, and the fault is made.
"""

from __future__ import annotations

import asyncio
import shutil
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]  # the package is not annotated
import psutil
import pytest
import redis

from dashboards.healthy import EMPTY_WHEN_HEALTHY, OPTIONAL
from tests.live.dashboards.asking import Target, ask, expanded, panel, targets, value
from tests.live.dashboards.conftest import RATE_RPS
from workbench.platform.datastores import choose
from workbench.platform.readiness import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.conftest import LivePlatform

SERVICES = ("blog", "api-gateway", "auth", "user")


def shows_something(platform: LivePlatform, target: Target) -> bool:
    """Whether a query has series for any service and objective that can be chosen."""
    choices = [{"service": service, "slo": "gateway-availability"} for service in SERVICES]
    return any(ask(platform.instance.prometheus_url, expanded(target.expr, **choice)) for choice in choices)


def wait_for_something(platform: LivePlatform, wanted: list[Target], deadline_s: float) -> None:
    """Wait until every query has series; the message of a failure names those that have none."""
    ends = monotonic() + deadline_s
    while (silent := empty(platform, wanted)) and monotonic() < ends:
        sleep(1)
    assert silent == []


def empty(platform: LivePlatform, wanted: list[Target]) -> list[str]:
    return [str(target) for target in wanted if not shows_something(platform, target)]


def listed(target: Target) -> bool:
    return (target.dashboard, target.title) in EMPTY_WHEN_HEALTHY


@pytest.mark.timeout(400)
def test_every_panel_shows_something_on_a_good_day(busy: LivePlatform) -> None:
    wanted = [one for one in targets() if not listed(one)]
    assert len(wanted) > 100
    wait_for_something(busy, wanted, 60)


def test_the_list_of_empty_panels_names_panels_that_are_there() -> None:
    there = {(one.dashboard, one.title) for one in targets()}
    assert EMPTY_WHEN_HEALTHY.keys() <= there
    assert EMPTY_WHEN_HEALTHY.keys() >= OPTIONAL


@pytest.mark.timeout(400)
def test_a_panel_that_is_empty_when_healthy_is_filled_by_its_fault(busy: LivePlatform) -> None:
    wanted = [one for one in targets() if listed(one) and (one.dashboard, one.title) not in OPTIONAL]
    try:
        assert busy.titanium("fault", "apply", "blog", "--abort", "503", "--percent", "60").returncode == 0
        assert busy.titanium("fault", "apply", "user", "--delay-ms", "200").returncode == 0
        database(busy, "SELECT count(*) FROM pg_create_physical_replication_slot('probe', true)")
        (busy.instance.published / "backup.prom").write_text("titanium_backup_last_success_timestamp_seconds 1.7e9\n")
        wait_for_something(busy, wanted, 150)
    finally:
        busy.titanium("fault", "clear")
        database(busy, "SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots")
        (busy.instance.published / "backup.prom").unlink(missing_ok=True)


# Ten panels against somebody else's count.


def database(platform: LivePlatform, query: str) -> float:
    url = choose(platform.instance, {}).database.url

    async def fetched() -> float:
        connection = await asyncpg.connect(url)
        try:
            return float(await connection.fetchval(query))
        finally:
            await connection.close()

    return asyncio.run(fetched())


def valkey(platform: LivePlatform) -> redis.Redis:
    return redis.Redis(host="127.0.0.1", port=platform.instance.ports.valkey, decode_responses=True)


def info(platform: LivePlatform, name: str) -> float:
    with valkey(platform) as client:
        answer: Any = client.info()
        return float(answer[name])


def own_memory(platform: LivePlatform) -> float:
    """Resident bytes of the blog service's process, as the kernel counts them."""
    pid = platform.status()["blog"]["pid"]
    return float(psutil.Process(pid).memory_info().rss)


def disk_taken(platform: LivePlatform) -> float:
    usage = shutil.disk_usage(platform.instance.state)
    return 1 - usage.free / usage.total


SIZE = """
SELECT sum(pg_database_size(datname)) FROM pg_database WHERE datname NOT IN ('template0', 'template1', 'postgres')
"""
# A panel, which of its queries, what it must show, and how far off it may be (relative; load and memory move).
TRUTHS: dict[str, tuple[str, int, Callable[[LivePlatform], float], float]] = {
    "requests at the ingress": ("overview/requests", 0, lambda _: RATE_RPS, 0.15),
    "requests of the gateway": ("service/rate-both", 0, lambda _: RATE_RPS, 0.15),
    "offered load": ("load-and-gate/offered", 1, lambda _: RATE_RPS, 0.1),
    "what was asked for": ("load-and-gate/offered", 0, lambda _: RATE_RPS, 0.0),
    "errors on a good day": ("overview/errors", 0, lambda _: 0.0, 0.0),
    "everything is encrypted": ("mesh/mtls", 0, lambda _: 1.0, 0.0),
    "database size": (
        "datastores/size",
        0,
        lambda live: database(live, SIZE),
        0.05,
    ),
    "database connections allowed": (
        "datastores/connections",
        1,
        lambda live: database(live, "SELECT current_setting('max_connections')::int"),
        0.0,
    ),
    "valkey's memory": ("datastores/valkey-memory", 0, lambda live: info(live, "used_memory"), 0.2),
    "valkey's clients": ("datastores/valkey-clients", 0, lambda live: info(live, "connected_clients") - 1, 0.2),
    "the machine's memory": ("platform/memory", 0, lambda _: 1 - _available(), 0.1),
    "memory of a service": ("service/memory", 0, own_memory, 0.15),
}


def _available() -> float:
    memory = psutil.virtual_memory()
    return float(memory.available / memory.total)


@pytest.mark.parametrize("what", TRUTHS)
def test_a_panel_says_what_somebody_else_counts(what: str, busy: LivePlatform) -> None:
    key, number, truth, tolerance = TRUTHS[what]
    service = "api-gateway" if key == "service/rate-both" else "blog"
    seen: list[tuple[float, float]] = []

    def agrees() -> bool:
        shown = value(busy.instance.prometheus_url, key, number, service=service)
        seen.append((shown, truth(busy)))
        return seen[-1][0] == pytest.approx(seen[-1][1], rel=tolerance, abs=1e-9)

    wait_until(agrees, f"{panel(key)['title']} shows the truth", 30)


def test_latency_is_in_the_bucket_of_the_clients_own(busy: LivePlatform) -> None:
    """The mesh's P95 is interpolated in its bucket: the client's exact one must lie in that bucket or beside it."""
    bounds = [0.0, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]

    def bucket(seconds: float) -> int:
        return sum(bound < seconds for bound in bounds)

    def agrees() -> bool:
        mesh = value(busy.instance.prometheus_url, "load-and-gate/latency", 1)
        client = value(busy.instance.prometheus_url, "load-and-gate/latency", 0)
        return abs(bucket(mesh) - bucket(client)) <= 1

    wait_until(agrees, "client and mesh agree on P95", 30)
