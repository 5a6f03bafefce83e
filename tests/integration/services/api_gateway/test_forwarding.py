"""What passes the gateway and what does not: headers, bodies, errors and time, over real sockets."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from services.api_gateway.routes import ROUTES, Route
from tests.integration.conftest import RunningService, TokenSigner, unused_port
from tests.integration.services.api_gateway.conftest import Answer, StartGateway, Upstream, metric

PROBLEM = "application/problem+json"


def _path(route: Route) -> str:
    return (
        route.path.format(post_id="7b0e2a52-6f5e-4f0e-9b8e-000000000000", handle="ada")
        if "{" in route.path
        else route.path
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_of_the_table_reaches_its_service(
    client: httpx.Client, upstream: Upstream, bearer: dict[str, str], gateway: RunningService, route: Route
) -> None:
    labels = {"http_route": route.path, "http_request_method": route.method}
    labels["http_response_status_code"] = str(route.success)
    before = metric(gateway, "http_server_request_duration_seconds_count", **labels)
    upstream.answer = Answer(status=route.success, body=b"" if route.success == 204 else b'{"ok": true}')
    content = b'{"a": 1}' if route.body_limit_bytes else None
    response = client.request(
        route.method, _path(route), headers=bearer if route.authenticated else {}, content=content
    )
    assert response.status_code == route.success
    assert (upstream.last.method, upstream.last.path) == (route.method, route.upstream_path or _path(route))
    assert upstream.last.body == (content or b"")
    assert metric(gateway, "http_server_request_duration_seconds_count", **labels) == before + 1


def test_query_and_escapes_arrive_as_they_were_sent(client: httpx.Client, upstream: Upstream) -> None:
    client.get("/v1/posts?tag=python&cursor=a%2Bb%20c&limit=5")
    assert upstream.last.path == "/v1/posts?tag=python&cursor=a%2Bb%20c&limit=5"
    client.get("/v1/users/%61da%20b")
    assert upstream.last.path == "/v1/users/%61da%20b"


@pytest.mark.parametrize("path", ["/v1/users/..%2f..%2fsecret", "/v1/nothing", "/", "/metrics", "/livez", "/v1/posts/"])
def test_what_is_not_in_the_table_is_a_404_problem(client: httpx.Client, upstream: Upstream, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == PROBLEM
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/posts", "GET, POST"),
        ("POST", "/v1/posts/1", "DELETE, GET, PATCH"),
        ("PUT", "/v1/users/me", "DELETE, GET, PATCH"),
        ("DELETE", "/v1/users/ada", "GET"),
        ("OPTIONS", "/v1/tags", "GET"),
        ("GET", "/v1/auth/login", "POST"),
    ],
)
def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    client: httpx.Client, upstream: Upstream, method: str, path: str, allow: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    assert response.headers["content-type"] == PROBLEM
    assert upstream.seen == []


@pytest.mark.parametrize("authorization", [None, "Bearer", "Basic YTpi", "Bearer not.a.token"], ids=str)
def test_a_route_that_needs_a_token_stops_whoever_has_none(
    client: httpx.Client, upstream: Upstream, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    response = client.get("/v1/users/me", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert upstream.seen == []


def test_an_expired_token_is_refused_before_any_service_is_asked(
    client: httpx.Client, upstream: Upstream, signer: TokenSigner
) -> None:
    token = signer.token("ada", lifetime_s=-60)
    assert client.get("/v1/users/me", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert upstream.seen == []


def test_a_second_authorization_header_is_refused(
    client: httpx.Client, upstream: Upstream, bearer: dict[str, str]
) -> None:
    headers = [*bearer.items(), ("authorization", "Bearer other")]
    assert client.get("/v1/users/me", headers=headers).status_code == 401
    assert upstream.seen == []


def test_a_service_gets_the_verified_token_and_a_public_route_gets_none(
    client: httpx.Client, upstream: Upstream, bearer: dict[str, str]
) -> None:
    client.get("/v1/users/me", headers=bearer)
    assert upstream.last.headers["authorization"] == bearer["authorization"]
    client.get("/v1/posts", headers=bearer)
    assert "authorization" not in upstream.last.headers


def test_forged_and_hop_by_hop_headers_stop_at_the_gateway(client: httpx.Client, upstream: Upstream) -> None:
    forged = {
        "x-user-id": "admin",
        "x-forwarded-client-cert": "By=spiffe://x",
        "x-envoy-original-path": "/v1/users/me",
        "x-forwarded-host": "evil.example",
        "x-real-ip": "10.0.0.1",
        "forwarded": "for=10.0.0.1",
        "cookie": "session=1",
        "connection": "keep-alive, x-secret",
        "x-secret": "hop",
        "te": "trailers",
        "proxy-authorization": "Basic YTpi",
        "x-request-timeout-ms": "999999",
    }
    client.get("/v1/posts", headers=forged)
    passed = upstream.last.headers
    assert set(forged) & set(passed) <= {"x-request-timeout-ms", "connection"}
    assert passed.get("connection", "keep-alive") == "keep-alive"
    assert int(passed["x-request-timeout-ms"]) <= 3000
    assert passed["host"] == urlsplit(upstream.url).netloc


def test_trace_context_and_request_id_pass_and_the_id_comes_back(client: httpx.Client, upstream: Upstream) -> None:
    trace = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "vendor=1",
        "x-request-id": "abc-123",
    }
    response = client.get("/v1/posts", headers=trace)
    assert {name: upstream.last.headers[name] for name in trace} == trace
    assert response.headers["x-request-id"] == "abc-123"


def test_conditional_and_idempotency_headers_pass_both_ways(
    client: httpx.Client, upstream: Upstream, bearer: dict[str, str]
) -> None:
    upstream.answer.headers |= {"etag": '"3"', "location": "/v1/posts/1", "x-internal": "secret", "server": "blog/1"}
    asked = {"if-match": '"2"', "if-none-match": '"9"', "idempotency-key": "k"}
    response = client.post("/v1/posts", content=b"{}", headers=bearer | asked)
    assert {name: upstream.last.headers[name] for name in asked} == asked
    assert (response.headers["etag"], response.headers["location"]) == ('"3"', "/v1/posts/1")
    assert "x-internal" not in response.headers
    assert "blog" not in response.headers.get("server", "")


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/nothing", "/v1/users/me"])
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "max-age=" in response.headers["strict-transport-security"]
    assert response.headers["referrer-policy"] == "no-referrer"


def test_a_body_over_the_limit_is_a_413(client: httpx.Client, upstream: Upstream) -> None:
    response = client.post("/v1/auth/login", content=b"x" * 16_385)
    assert response.status_code == 413
    assert response.headers["content-type"] == PROBLEM
    assert upstream.seen == []


def test_a_chunked_body_over_the_limit_is_a_413(client: httpx.Client, upstream: Upstream) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    assert client.post("/v1/auth/login", content=chunks()).status_code == 413
    assert upstream.seen == []


def test_a_chunked_body_within_the_limit_arrives_whole(client: httpx.Client, upstream: Upstream) -> None:
    assert client.post("/v1/auth/login", content=iter([b"a" * 5000, b"b" * 5000])).status_code == 200
    assert upstream.last.body == b"a" * 5000 + b"b" * 5000


@pytest.mark.parametrize(
    "headers", [{"x-big": "x" * 17_000}, {f"x-{i}": "1" for i in range(90)}], ids=["too long", "too many"]
)
def test_headers_over_the_limits_are_a_431(client: httpx.Client, upstream: Upstream, headers: dict[str, str]) -> None:
    response = client.get("/v1/posts", headers=headers)
    assert response.status_code == 431
    assert response.headers["content-type"] == PROBLEM
    assert upstream.seen == []


def test_a_problem_of_a_service_passes_untouched(client: httpx.Client, upstream: Upstream) -> None:
    problem = {"type": "https://titanium.example/problems/post-not-found", "status": 404, "extra": [1]}
    upstream.answer = Answer(404, json.dumps(problem).encode(), {"content-type": PROBLEM, "retry-after": "7"})
    response = client.get("/v1/posts/1")
    assert (response.status_code, response.content) == (404, upstream.answer.body)
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["retry-after"] == "7"


@pytest.mark.parametrize(("status", "becomes"), [(500, 502), (503, 503), (504, 504), (403, 502), (404, 502)])
def test_an_error_that_is_no_problem_becomes_one(
    client: httpx.Client, upstream: Upstream, status: int, becomes: int
) -> None:
    upstream.answer = Answer(status, b"<h1>upstream connect error</h1>", {"content-type": "text/html"})
    response = client.get("/v1/posts")
    assert response.status_code == becomes
    assert response.headers["content-type"] == PROBLEM
    assert "upstream connect" not in response.text


def test_a_service_that_is_down_is_a_503_that_may_be_retried(start_gateway: StartGateway) -> None:
    gateway = start_gateway(BLOG_URL=f"http://127.0.0.1:{unused_port()}")
    response = httpx.get(f"{gateway.url}/v1/posts")
    assert response.status_code == 503
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["retry-after"] == "1"


def test_an_answer_that_is_not_http_is_a_502(start_gateway: StartGateway) -> None:
    def lie(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        gateway = start_gateway(BLOG_URL=f"http://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=lie, args=[server])
        thread.start()
        response = httpx.get(f"{gateway.url}/v1/posts")
        thread.join(5)
    assert response.status_code == 502
    assert response.headers["content-type"] == PROBLEM


def test_a_slow_service_costs_the_routes_budget_and_no_more(client: httpx.Client, upstream: Upstream) -> None:
    upstream.answer.delay_s = 4.0
    started = time.monotonic()
    response = client.get("/v1/posts")
    assert response.status_code == 504
    assert response.headers["content-type"] == PROBLEM
    assert 2.8 < time.monotonic() - started < 3.6


def test_a_stranger_cannot_turn_answers_into_errors_by_asking_for_no_time(
    client: httpx.Client, upstream: Upstream
) -> None:
    upstream.answer.delay_s = 0.2
    assert client.get("/v1/posts", headers={"x-request-timeout-ms": "1"}).status_code == 200
    assert 2000 < int(upstream.last.headers["x-request-timeout-ms"]) <= 3000


def test_a_caller_that_is_trusted_may_ask_for_less_time_but_not_for_more(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    gateway = start_gateway(BLOG_URL=upstream.url, TRUST_TIMEOUT_BUDGET="true")
    httpx.get(f"{gateway.url}/v1/posts", headers={"x-request-timeout-ms": "500"})
    assert int(upstream.last.headers["x-request-timeout-ms"]) <= 500
    upstream.answer.delay_s = 1.0
    started = time.monotonic()
    assert httpx.get(f"{gateway.url}/v1/posts", headers={"x-request-timeout-ms": "200"}).status_code == 504
    assert time.monotonic() - started < 0.8


def test_a_failed_write_is_not_repeated(
    client: httpx.Client, upstream: Upstream, bearer: dict[str, str], account_id: UUID
) -> None:
    upstream.answer = Answer(503, b"", {"content-type": "text/plain"})
    assert client.post("/v1/posts", content=b"{}", headers=bearer).status_code == 503
    assert len(upstream.seen) == 1
