"""Loki and Jaeger as black holes: they accept and never answer, and nobody who uses the platform notices."""

import os
import signal
import statistics
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.live.conftest import LivePlatform
from tests.live.full.lines import ask_for_a_page, every_page_fails
from workbench.platform.instance import PUBLIC_HOST

pytestmark = pytest.mark.full

SERVICES = ("api-gateway", "auth", "user", "blog")
_REQUESTS = 1500
# Queues are 2048 spans and 10 000 records a service, Envoy's are a second of unanswered requests: a few MiB each.
_GROWTH_MIB = 40
# Lines are tried again for 30 s before they are lost.
_GIVEN_UP_S = 90.0


def latencies_s(live: LivePlatform, count: int) -> list[float]:
    """Ask for the page of posts; every answer has to be 200."""
    found = []
    with httpx.Client(base_url=live.instance.ingress_url, headers={"host": PUBLIC_HOST}, trust_env=False) as client:
        for _ in range(count):
            started = time.perf_counter()
            assert client.get("/v1/posts").status_code == 200
            found.append(time.perf_counter() - started)
    return found


def resident_mib(live: LivePlatform) -> dict[str, float]:
    """The memory of services and proxies."""
    rows = live.status()
    watched = {name: row["pid"] for name, row in rows.items() if row["port"] and name not in {"loki", "jaeger"}}
    watched.pop("postgres", None)
    watched.pop("prometheus", None)
    return {name: psutil.Process(pid).memory_info().rss / 2**20 for name, pid in watched.items()}


def complaints(live: LivePlatform) -> int:
    """How often proxies and services have said that spans were not taken."""
    logs = [file.read_text(errors="replace") for file in live.instance.logs.glob("*.log")]
    return sum(text.count("export spans batch") + text.count("OTLP HTTP exporter") for text in logs)


@pytest.fixture
def swallowed(observed: LivePlatform) -> Iterator[LivePlatform]:
    """Stop both in their tracks: the kernel still accepts connections for them, nobody ever answers."""
    rows = observed.status()
    pids = [rows[name]["pid"] for name in ("loki", "jaeger")]
    latencies_s(observed, 200)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield observed
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_services_answer_as_before_and_hold_no_more_than_their_queues(observed: LivePlatform) -> None:
    latencies_s(observed, 200)
    before = statistics.median(latencies_s(observed, 300))
    rows = observed.status()
    pids = [rows[name]["pid"] for name in ("loki", "jaeger")]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        weighed = resident_mib(observed)
        during = latencies_s(observed, _REQUESTS)
        grown = {name: mib - weighed[name] for name, mib in resident_mib(observed).items()}
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    # Twice is far above a shared machine's noise, and far below any time-out that could be waited for.
    assert statistics.median(during) < 2 * before + 0.005
    assert max(during) < 1.0
    assert max(grown.values()) < _GROWTH_MIB, grown
    assert complaints(observed) <= len(SERVICES)
    assert all(row["state"] == "RUNNING" and row["restarts"] == 0 for row in observed.status().values())


def test_what_was_dropped_is_counted(swallowed: LivePlatform) -> None:
    def dropped() -> float:
        port = swallowed.instance.ports.workload("api-gateway").management
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        lines = [line for line in text.splitlines() if line.startswith("log_records_dropped_total{")]
        assert lines
        return sum(float(line.split()[-1]) for line in lines)

    before = dropped()
    ends = time.monotonic() + _GIVEN_UP_S
    with every_page_fails(swallowed):
        while dropped() <= before:
            assert time.monotonic() < ends, "no dropped record was counted"
            ask_for_a_page(swallowed)
            time.sleep(0.2)
