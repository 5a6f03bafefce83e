"""One slow request, followed the whole way: histogram, exemplar, trace, the SQL that was slow, its log lines."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # the package is not annotated
import httpx
import pytest

from tests.live.conftest import LivePlatform
from workbench.adapters.jaeger import Jaeger
from workbench.adapters.log_lines import from_loki
from workbench.domain.trace import Trace
from workbench.platform import datastores, secrets
from workbench.platform.instance import PUBLIC_HOST, Instance

pytestmark = pytest.mark.full

# Longer than the latency objective, so that the trace is always kept, and shorter than the statement's time-out.
_HELD_S = 0.8
# Sent every 5 s, decided after 8, scraped and stored every 2, shipped every second: 20 s, and as much again.
_DEADLINE_S = 40.0

_T = TypeVar("_T")


def wait_for(find: Callable[[], _T | None], what: str) -> _T:
    """Return what is found; fail after the deadline."""
    ends = time.monotonic() + _DEADLINE_S
    while (found := find()) is None:
        assert time.monotonic() < ends, f"not within {_DEADLINE_S:.0f} s: {what}"
        time.sleep(0.5)
    return found


def get(instance: Instance, path: str) -> httpx.Response:
    return httpx.get(f"{instance.ingress_url}{path}", headers={"host": PUBLIC_HOST}, trust_env=False, timeout=10)


async def request_while_posts_are_locked(instance: Instance) -> httpx.Response:
    """Ask for a page that no cache has while somebody else holds the table of posts."""
    password = secrets.password(instance.secrets, "blog")
    url = datastores.choose(instance, {}).database.url_for("blog", password)
    other = await asyncpg.connect(url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
            asked = asyncio.create_task(asyncio.to_thread(get, instance, "/v1/posts?limit=37"))
            await asyncio.sleep(_HELD_S)
        return await asked
    finally:
        await other.close()


@pytest.fixture(scope="module")
def slow(observed: LivePlatform) -> httpx.Response:
    answer = asyncio.run(request_while_posts_are_locked(observed.instance))
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() > _HELD_S / 2
    return answer


def slow_exemplars(instance: Instance) -> list[str] | None:
    """Trace ids of the blog's requests that took longer than half a second; None when there are none yet."""
    now = time.time()
    query = {
        "query": 'http_server_request_duration_seconds_bucket{app="blog"}',
        "start": str(now - 300),
        "end": str(now + 60),
    }
    answer = httpx.get(f"{instance.prometheus_url}/api/v1/query_exemplars", params=query, trust_env=False).json()
    found = [one for series in answer["data"] for one in series["exemplars"]]
    return [one["labels"]["trace_id"] for one in found if float(one["value"]) > _HELD_S / 2] or None


def whole_trace(instance: Instance, trace_id: str) -> Trace:
    def complete() -> Trace | None:
        trace = Jaeger(instance.jaeger_url).by_id(trace_id)
        services = {span.service for span in trace.spans} if trace else set()
        return trace if services >= {"istio-ingressgateway.istio-ingress", "blog.titanium-prod", "blog"} else None

    return wait_for(complete, f"the whole trace {trace_id}")


@pytest.fixture(scope="module")
def trace(observed: LivePlatform, slow: httpx.Response) -> Trace:
    (trace_id,) = set(wait_for(lambda: slow_exemplars(observed.instance), "an exemplar of the slow request"))
    return whole_trace(observed.instance, trace_id)


def test_the_exemplar_leads_to_the_trace_of_that_very_request(trace: Trace, slow: httpx.Response) -> None:
    named = {span.tags["guid:x-request-id"] for span in trace.spans if "guid:x-request-id" in span.tags}
    assert named == {slow.headers["x-request-id"]}


def test_the_trace_is_one_tree_from_the_ingress_to_the_database(trace: Trace) -> None:
    rows = trace.tree()
    assert [span.service for depth, span in rows if depth == 0] == ["istio-ingressgateway.istio-ingress"]
    path = ["istio-ingressgateway.istio-ingress", "api-gateway.titanium-prod", "api-gateway"]
    path += ["api-gateway.titanium-prod", "blog.titanium-prod", "blog"]
    assert [span.service for _, span in rows][: len(path)] == path


def test_the_sql_span_is_the_one_that_was_slow(trace: Trace) -> None:
    queries = [span for span in trace.spans if any(key.startswith("db.") for key in span.tags)]
    slowest = max(queries, key=lambda span: span.duration_us)
    assert slowest.service == "blog"
    assert slowest.duration_us > _HELD_S / 2 * 1e6
    parents = {span.parent_id for span in trace.spans}
    assert slowest.span_id not in parents
    text = slowest.tags.get("db.query.text") or slowest.tags["db.statement"]
    assert "posts" in text


def test_the_access_logs_of_every_proxy_on_its_way_are_in_loki(
    trace: Trace, slow: httpx.Response, instance: Instance
) -> None:
    request_id = slow.headers["x-request-id"]

    def lines() -> list[dict[str, Any]] | None:
        around = (trace.start_us - 60_000_000, trace.end_us + 60_000_000)
        found = from_loki(instance.loki_url, {"request_id": request_id}, around)
        workloads = {line.workload for line in found}
        whole = workloads >= {"istio-ingressgateway", "api-gateway", "blog"}
        return [json.loads(line.text) for line in found] if whole else None

    found = wait_for(lines, f"the access logs of request {request_id}")
    assert {line["request_id"] for line in found} == {request_id}
    assert all(line["duration"] > _HELD_S / 2 * 1000 for line in found if "duration" in line)


def test_the_command_shows_all_of_it(observed: LivePlatform, trace: Trace, slow: httpx.Response) -> None:
    shown = observed.titanium("trace", slow.headers["x-request-id"])
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.startswith(f"trace {trace.trace_id}: {len(trace.spans)} spans")
    assert "SELECT posts.id" in shown.stdout
    assert "access GET /v1/posts?limit=37 200" in shown.stdout


def test_a_request_that_never_was_is_not_found(observed: LivePlatform) -> None:
    shown = observed.titanium("trace", "never-asked", "--wait", "1")
    assert shown.returncode == 3
    assert "no trace of never-asked" in shown.stderr
