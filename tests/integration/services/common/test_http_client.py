"""Calls to other services over real sockets: budget, propagation, failures as problems, the outbound proxy."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from pydantic import HttpUrl

from services.common.context import RequestContext, enter_request
from services.common.errors import BadGatewayError, DeadlineExceededError, UnavailableError
from services.common.http_client import HttpClient
from services.common.settings import ServiceSettings
from services.common.telemetry.metrics import ServiceMetrics


@dataclass
class Upstream:
    """A server that remembers what it was asked."""

    url: str = ""
    requests: list[web.BaseRequest] = field(default_factory=list)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/redirect":
            return web.Response(status=307, headers={"location": "/elsewhere"})
        return web.json_response({"path": request.path}, status=201)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    fake = Upstream()
    server = web.Server(fake.answer)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
def metrics() -> ServiceMetrics:
    return ServiceMetrics(service="test", version="1")


@pytest.fixture
async def client(metrics: ServiceMetrics) -> AsyncIterator[HttpClient]:
    opened = HttpClient(ServiceSettings(request_timeout_s=2.0), durations=metrics.client_duration)
    yield opened
    await opened.close()


async def test_an_answer_comes_back_whole_whatever_its_status(client: HttpClient, upstream: Upstream) -> None:
    answer = await client.request("POST", f"{upstream.url}/things", body=b"{}")
    redirect = await client.request("GET", f"{upstream.url}/redirect")

    assert (answer.status, answer.json()) == (201, {"path": "/things"})
    assert (redirect.status, len(upstream.requests)) == (307, 2), "not followed"


async def test_id_trace_and_remaining_budget_are_passed_on(client: HttpClient, upstream: Upstream) -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-00"
    enter_request(RequestContext("req-1", time.monotonic() + 0.8, traceparent=parent, tracestate="x=y"))

    await client.request("GET", upstream.url, headers={"Accept": "text/plain", "X-Request-Id": "forged"})

    sent = upstream.requests[0].headers
    assert (sent["x-request-id"], sent["traceparent"], sent["tracestate"]) == ("req-1", parent, "x=y")
    assert sent["accept"] == "text/plain"
    assert 500 < int(sent["x-request-timeout-ms"]) <= 800


async def test_the_callers_budget_ends_a_slow_call_as_504(client: HttpClient, upstream: Upstream) -> None:
    enter_request(RequestContext("req-1", time.monotonic() + 0.2))
    started = time.monotonic()

    with pytest.raises(DeadlineExceededError):
        await client.request("GET", f"{upstream.url}/slow")

    assert time.monotonic() - started < 1.0


async def test_a_used_up_budget_sends_nothing(client: HttpClient, upstream: Upstream) -> None:
    enter_request(RequestContext("req-1", time.monotonic() - 0.1))

    with pytest.raises(DeadlineExceededError):
        await client.request("GET", upstream.url)

    assert upstream.requests == []


async def test_a_refused_connection_is_503_with_retry_after_and_counted(
    client: HttpClient, metrics: ServiceMetrics
) -> None:
    with pytest.raises(UnavailableError) as raised:
        await client.request("GET", "http://127.0.0.1:1/")

    assert raised.value.retry_after_s == 1
    labels = {"server_address": "127.0.0.1", "result": "unreachable"}
    assert metrics.registry.get_sample_value("http_client_request_duration_seconds_count", labels) == 1


async def test_an_answer_that_is_not_http_is_502(client: HttpClient) -> None:
    async def talk_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk_nonsense, "127.0.0.1", 0)
    async with server:
        with pytest.raises(BadGatewayError):
            await client.request("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_with_an_outbound_proxy_calls_go_to_it_in_absolute_form(upstream: Upstream) -> None:
    client = HttpClient(ServiceSettings(outbound_proxy=HttpUrl(upstream.url)))

    await client.request("GET", "http://blog/v1/posts?limit=2")
    await client.close()

    (request,) = upstream.requests
    assert str(request.url) == "http://blog/v1/posts?limit=2"
    assert request.headers["host"] == "blog"
