"""A small application built from the service defaults, called in this process: errors, deadlines, metrics, OpenAPI."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field
from starlette.types import Message, Receive, Scope, Send

from services.common import errors as errors_module
from services.common.app import create_service_app
from services.common.boundary import BoundaryMiddleware
from services.common.context import current_request
from services.common.errors import TYPE_PREFIX, ConflictError, NotFoundError, ProblemError, error_responses
from services.common.settings import ServiceSettings
from services.common.telemetry.metrics import MetricsMiddleware, ServiceMetrics
from services.common.telemetry.registry import LATENCY_BUCKETS_S, METRICS, REQUEST_DURATION, LogMessage


class ThingNotFoundError(NotFoundError):
    slug = "thing-not-found"
    title = "There is no such thing"


class Thing(BaseModel):
    name: str = Field(max_length=5)


inner = APIRouter(prefix="/{owner}/things")


@inner.get("/{number}", responses=error_responses(ThingNotFoundError, ConflictError))
async def read(owner: str, number: int) -> dict[str, str]:
    if number == 0:
        raise ThingNotFoundError("Zero is not a thing.")
    return {"owner": owner}


@inner.post("")
async def write(thing: Thing) -> Thing:
    return thing


@inner.get("/break/now")
async def break_down() -> None:
    raise RuntimeError("secret of the inside")


@inner.get("/sleep/long")
async def sleep() -> None:
    await asyncio.sleep(30)


@inner.get("/budget/left")
async def budget() -> float:
    context = current_request()
    assert context is not None
    return context.remaining_s()


single = APIRouter()


@single.get("/single/{number}")
async def read_single(number: int) -> int:
    return number


outer = APIRouter(prefix="/v1/owners")
outer.include_router(inner)
# The same router a second time: its routes have two full templates.
again = APIRouter(prefix="/v2")
again.include_router(inner)
again.include_router(single)


@pytest.fixture
def app() -> FastAPI:
    settings = ServiceSettings(request_timeout_s=0.3, request_body_limit_bytes=100)
    return create_service_app(settings, title="Things", routers=[outer, again])


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://things") as client:
        yield client


THINGS = "/v1/owners/ada/things"


def counted(app: FastAPI, **labels: str) -> float:
    metrics: ServiceMetrics = app.state.metrics
    names = {"http_request_method": "GET", **labels}
    return metrics.registry.get_sample_value(f"{REQUEST_DURATION.name}_count", names) or 0.0


async def test_a_domain_error_is_rendered_as_a_problem_with_its_type_and_detail(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{THINGS}/0", headers={"x-request-id": "abc-1"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.json() == {
        "type": f"{TYPE_PREFIX}thing-not-found",
        "title": "There is no such thing",
        "status": 404,
        "detail": "Zero is not a thing.",
        "instance": f"{THINGS}/0",
        "request_id": "abc-1",
    }


async def test_a_wrong_field_is_named_by_pointer_and_its_value_is_not_repeated(client: httpx.AsyncClient) -> None:
    body = await client.post(THINGS, json={"name": "hunter2"})
    path = await client.get(f"{THINGS}/seven")
    no_json = await client.post(THINGS, content=b"{", headers={"content-type": "application/json"})

    assert [answer.status_code for answer in (body, path, no_json)] == [422, 422, 422]
    pointers = [answer.json()["errors"][0]["pointer"] for answer in (body, path, no_json)]
    assert pointers == ["/body/name", "/path/number", "/body"]
    assert "hunter2" not in body.text


async def test_an_unexpected_error_is_500_without_internals_and_logged_once_with_its_ids(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = await client.get(f"{THINGS}/break/now")

    assert (answer.status_code, answer.json()["type"]) == (500, f"{TYPE_PREFIX}internal")
    assert "secret" not in answer.text
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == ["unexpected error"]


@pytest.mark.parametrize("header", ["x-request-timeout-ms", "content-length"])
async def test_a_number_of_thousands_of_digits_is_no_accident(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.post(THINGS, content=b"{}", headers={header: "9" * 5000})

    assert answer.status_code in {413, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_outlasts_its_time_is_504(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{THINGS}/sleep/long")

    assert (answer.status_code, answer.json()["type"]) == (504, f"{TYPE_PREFIX}deadline-exceeded")


@pytest.mark.parametrize(("header", "most"), [("100", 0.1), ("999999", 0.3), ("-5", 0.3), ("soon", 0.3)])
async def test_the_callers_budget_counts_but_never_more_than_our_own_limit(
    client: httpx.AsyncClient, header: str, most: float
) -> None:
    answer = await client.get(f"{THINGS}/budget/left", headers={"x-request-timeout-ms": header})

    assert most - 0.09 < answer.json() <= most


async def test_a_body_over_the_limit_is_413_declared_or_streamed(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"0123456789"

    declared = await client.post(THINGS, content=b"x" * 101)
    streamed = await client.post(THINGS, content=chunks(), headers={"content-type": "application/json"})

    assert [declared.status_code, streamed.status_code] == [413, 413]


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "ä"])
async def test_a_request_id_that_could_do_harm_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    answer = await client.get("/nowhere", headers=[(b"x-request-id", sent.encode())])

    assert answer.headers["x-request-id"] != sent
    assert len(answer.headers["x-request-id"]) == 32


async def test_requests_count_by_full_template_and_everything_unmatched_as_one(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    for path in (f"{THINGS}/1", f"{THINGS}/2", "/v2/ada/things/3", "/v2/single/4", "/wp-login.php", "/nowhere/7"):
        await client.get(path)
    await client.request("BREW", "/pot")

    route = "/v1/owners/{owner}/things/{number}"
    assert counted(app, http_route=route, http_response_status_code="200") == 2
    assert counted(app, http_route="/v2/{owner}/things/{number}", http_response_status_code="200") == 1
    assert counted(app, http_route="/v2/single/{number}", http_response_status_code="200") == 1
    assert counted(app, http_route="(unmatched)", http_response_status_code="404") == 2
    other = {"http_request_method": "_OTHER", "http_route": "(unmatched)", "http_response_status_code": "404"}
    assert counted(app, **other) == 1


async def test_errors_time_outs_and_wrong_methods_count_under_their_route(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    await client.get(f"{THINGS}/break/now")
    await client.get(f"{THINGS}/sleep/long")
    await client.delete(f"{THINGS}/1")

    template = "/v1/owners/{owner}/things"
    assert counted(app, http_route=f"{template}/break/now", http_response_status_code="500") == 1
    assert counted(app, http_route=f"{template}/sleep/long", http_response_status_code="504") == 1
    wrong_method = {"http_request_method": "DELETE", "http_response_status_code": "405"}
    assert counted(app, http_route=f"{template}/{{number}}", **wrong_method) == 1
    assert app.state.metrics.registry.get_sample_value("http_server_active_requests") == 0


async def _call(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    return sent


async def test_nothing_sent_and_an_exception_count_as_500() -> None:
    metrics = ServiceMetrics(service="test", version="1")

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    assert await _call(MetricsMiddleware(silent, metrics=metrics)) == []
    with pytest.raises(RuntimeError):
        await _call(MetricsMiddleware(broken, metrics=metrics))

    labels = {"http_request_method": "GET", "http_route": "(unmatched)", "http_response_status_code": "500"}
    assert metrics.registry.get_sample_value(f"{REQUEST_DURATION.name}_count", labels) == 2


async def test_an_error_after_the_answer_has_begun_is_logged_and_not_rendered_into_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    sent = await _call(BoundaryMiddleware(half, request_timeout_s=1, body_limit_bytes=10))

    assert [message["type"] for message in sent] == ["http.response.start"]
    assert [record.getMessage() for record in caplog.records] == ["unexpected error"]


@pytest.mark.parametrize(("status", "said"), [(200, []), (404, []), (500, [500]), (503, [503])])
async def test_an_answer_that_users_see_as_an_error_has_a_line(
    status: int, said: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await _call(BoundaryMiddleware(answers, request_timeout_s=1, body_limit_bytes=10))

    lines = [record for record in caplog.records if record.getMessage() == LogMessage.FAILED_ANSWER]
    assert [record.__dict__["status"] for record in lines] == said
    assert all(record.levelname == "WARNING" and record.__dict__["path"] == "/" for record in lines)


async def test_openapi_documents_the_errors_of_a_route_and_those_of_every_route(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    operation = document["paths"]["/v1/owners/{owner}/things/{number}"]["get"]
    assert {"200", "404", "409", "422", "500", "503", "504"} == set(operation["responses"])
    content = operation["responses"]["404"]["content"]["application/problem+json"]
    assert content["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}
    assert content["examples"]["thing-not-found"]["value"]["type"] == f"{TYPE_PREFIX}thing-not-found"
    assert set(document["components"]["schemas"]) >= {"ProblemDocument", "FieldError"}
    unprocessable = operation["responses"]["422"]["content"]
    assert set(unprocessable) == {"application/problem+json"}, "not FastAPI's own shape"


def _all_problems(base: type[ProblemError]) -> list[type[ProblemError]]:
    return [found for child in base.__subclasses__() for found in (child, *_all_problems(child))]


def test_the_docstring_is_the_complete_exception_tree() -> None:
    tree = errors_module.__doc__ or ""
    ours = [error for error in _all_problems(ProblemError) if error.__module__ == errors_module.__name__]

    assert len(ours) >= 14
    for error in ours:
        line = next(line for line in tree.splitlines() if f" {error.__name__} " in line)
        assert str(error.status) in line
    assert len({error.slug for error in ours}) == len(ours)


def test_the_registry_names_each_metric_once_and_its_buckets_contain_every_threshold() -> None:
    names = [metric.name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert 0.5 in LATENCY_BUCKETS_S
    assert all((metric.name.endswith("_total")) == (metric.kind == "counter") for metric in METRICS)
    assert all(metric.name.endswith(f"_{metric.unit}") for metric in METRICS if metric.unit)
