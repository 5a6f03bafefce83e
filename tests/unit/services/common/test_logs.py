"""JSON log lines: complete, with ids, without secrets."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from services.common import context
from services.common.context import RequestContext, enter_request
from services.common.telemetry.logs import IdsFilter, JsonFormatter, Seldom
from services.common.telemetry.registry import LogField


@pytest.fixture(autouse=True)
def _leave_the_request() -> Iterator[None]:
    """What a test enters must not be the request of the next test."""
    yield
    context._current.set(None)


def line(message: str = "hello", *args: object, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - as logging's extra
    record = logging.makeLogRecord(
        {"name": "test", "levelname": "INFO", "msg": message, "args": args, "created": 0.0, **attributes}
    )
    IdsFilter().filter(record)
    fields: dict[str, Any] = json.loads(JsonFormatter(service="blog", version="1.2.3").format(record))
    return fields


def test_a_line_says_when_what_and_where() -> None:
    assert line("%d posts", 3, path="/v1/posts") == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "info",
        "logger": "test",
        "message": "3 posts",
        "service": "blog",
        "version": "1.2.3",
        "path": "/v1/posts",
    }


def test_a_line_of_a_request_carries_its_ids() -> None:
    enter_request(RequestContext("req-1", 0.0, traceparent=f"00-{'a' * 32}-{'b' * 16}-00"))

    fields = line()

    assert (fields["request_id"], fields["trace_id"], fields["span_id"]) == ("req-1", "a" * 32, "b" * 16)


def test_a_traceparent_that_is_none_is_not_believed() -> None:
    enter_request(RequestContext("req-1", 0.0, traceparent="nonsense"))

    assert LogField.TRACE_ID not in line()


@pytest.mark.parametrize(
    "name", ["password", "access_token", "Authorization", "api_key", "set_cookie", "client_secret"]
)
def test_fields_whose_names_say_secret_are_redacted(name: str) -> None:
    assert line(**{name: "hunter2"})[name] == "[redacted]"


def test_the_password_of_a_url_is_redacted_in_message_and_exception() -> None:
    error = RuntimeError("cannot connect to postgresql://blog:hunter2@db/blog")
    fields = line("redis://:hunter2@cache:6379 is down", exc_info=(RuntimeError, error, None))

    assert "hunter2" not in json.dumps(fields)
    assert "RuntimeError: cannot connect to postgresql://blog:[redacted]@db/blog" in fields["exception"]


def test_a_value_that_json_does_not_know_is_written_as_text() -> None:
    assert line(method=object)["method"] == "<class 'object'>"


def test_what_goes_on_is_told_of_once_in_a_while() -> None:
    now = [100.0]
    seldom = Seldom(60.0, clock=lambda: now[0])

    def passes(message: str) -> bool:
        return bool(seldom.filter(logging.LogRecord("x", logging.ERROR, "", 0, message, (), None)))

    assert [passes("away"), passes("away"), passes("other")] == [True, False, True]
    now[0] += 59.9
    assert not passes("away")
    now[0] += 0.2
    assert passes("away")
