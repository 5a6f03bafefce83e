"""What the gateway does with one request, with fakes for the client, the verifier and Redis."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from prometheus_client import CollectorRegistry, Counter
from starlette.requests import Request
from starlette.types import Message
from yarl import URL

from services.api_gateway.rate_limit import Limit, RateLimiter
from services.api_gateway.routes import RateClass, Route, Upstream
from services.api_gateway.service import Gateway
from services.common.errors import (
    BadGatewayError,
    DeadlineExceededError,
    PayloadTooLargeError,
    ProblemError,
    UnauthenticatedError,
    UnavailableError,
)
from services.common.http_client import HttpResponse
from services.common.security import Principal

READ = Route(method="GET", path="/v1/posts", upstream=Upstream.BLOG, summary="x")
OWN = Route(method="GET", path="/v1/users/me", upstream=Upstream.USER, summary="x", authenticated=True)
WRITE = Route(method="POST", path="/v1/posts", upstream=Upstream.BLOG, summary="x", body_limit_bytes=10)


def response(status: int = 200, body: bytes = b"{}", **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, CIMultiDictProxy(CIMultiDict(named)), body)


@dataclass
class FakeClient:
    """Remembers the last call and answers what it is told."""

    answer: HttpResponse = field(default_factory=response)
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float | None = None

    async def request(
        self,
        method: str,  # noqa: ARG002 - the signature of the client
        url: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float | None = None,
    ) -> HttpResponse:
        self.url, self.headers, self.body, self.timeout_s = str(url), headers or {}, body, timeout_s
        return self.answer


class FakeVerifier:
    """Accepts the token `good`."""

    async def verify(self, token: str) -> Principal:
        if token != "good":
            raise UnauthenticatedError
        return Principal(account_id=uuid4(), handle="ada", session_id=uuid4(), expires_at=0, token=token)


@pytest.fixture
def http() -> FakeClient:
    return FakeClient()


@pytest.fixture
def gateway(http: FakeClient) -> Gateway:
    decisions = Counter("d", "x", ["result"], registry=CollectorRegistry())
    return Gateway(
        http=http,
        tokens=FakeVerifier(),
        limiter=RateLimiter(None, decisions=decisions),
        limits=dict.fromkeys(RateClass, Limit(1, 1)),
        upstreams={name: f"http://{name}" for name in Upstream},
        trusted_proxies=1,
    )


def request(path: str = "/v1/posts", query: str = "", body: tuple[bytes, ...] = (b"",), **headers: str) -> Request:
    chunks = list(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "raw_path": path.encode(), "query_string": query.encode(), "headers": raw, "client": None}
    return Request(scope, receive)


async def test_path_and_query_go_to_the_service_as_they_came(gateway: Gateway, http: FakeClient) -> None:
    await gateway.forward(READ, request("/v1/posts", "tag=a%20b"))
    assert http.url == "http://blog/v1/posts?tag=a%20b"


async def test_a_route_may_have_another_path_at_its_service(gateway: Gateway, http: FakeClient) -> None:
    route = Route(method="DELETE", path="/a", upstream=Upstream.AUTH, summary="x", upstream_path="/b")
    await gateway.forward(route, request("/a"))
    assert http.url == "http://auth/b"


async def test_the_call_gets_what_is_left_of_the_routes_budget(gateway: Gateway, http: FakeClient) -> None:
    await gateway.forward(READ, request())
    assert http.timeout_s is not None
    assert READ.timeout_s - 0.5 < http.timeout_s <= READ.timeout_s


async def test_a_bad_token_calls_nobody(gateway: Gateway, http: FakeClient) -> None:
    with pytest.raises(UnauthenticatedError):
        await gateway.forward(OWN, request(authorization="Bearer bad"))
    assert http.url == ""


async def test_a_good_token_is_passed_on(gateway: Gateway, http: FakeClient) -> None:
    await gateway.forward(OWN, request("/v1/users/me", authorization="Bearer good"))
    assert http.headers["authorization"] == "Bearer good"


async def test_a_body_in_pieces_is_sent_whole(gateway: Gateway, http: FakeClient) -> None:
    await gateway.forward(WRITE, request(body=(b"12345", b"67890")))
    assert http.body == b"1234567890"


@pytest.mark.parametrize("headers", [{"content_length": "11"}, {}], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_calls_nobody(gateway: Gateway, http: FakeClient, headers: dict[str, str]) -> None:
    with pytest.raises(PayloadTooLargeError):
        await gateway.forward(WRITE, request(body=(b"123456", b"78901"), **headers))
    assert http.url == ""


async def test_a_body_that_nobody_expects_is_not_passed_on(gateway: Gateway, http: FakeClient) -> None:
    await gateway.forward(READ, request(body=(b"surprise",)))
    assert http.body is None


async def test_a_services_problem_passes_untouched(gateway: Gateway, http: FakeClient) -> None:
    http.answer = response(503, b'{"type": "x"}', content_type="application/problem+json; charset=utf-8")
    answer = await gateway.forward(READ, request())
    assert (answer.status_code, answer.body) == (503, b'{"type": "x"}')


@pytest.mark.parametrize(
    ("status", "error"),
    [(503, UnavailableError), (504, DeadlineExceededError), (500, BadGatewayError), (403, BadGatewayError)],
)
async def test_an_error_that_is_no_problem_becomes_one(
    gateway: Gateway, http: FakeClient, status: int, error: type[ProblemError]
) -> None:
    http.answer = response(status, b"no healthy upstream", content_type="text/plain")
    with pytest.raises(error):
        await gateway.forward(READ, request())


@pytest.mark.parametrize("status", [200, 201, 204, 304])
async def test_an_answer_passes_with_its_status(gateway: Gateway, http: FakeClient, status: int) -> None:
    http.answer = response(status, b"", etag='"1"')
    answer = await gateway.forward(READ, request())
    assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
