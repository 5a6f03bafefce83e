"""Secrets are taken out of texts, and what is none stays."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode

from services.common.telemetry.exporter import without_secrets
from services.common.telemetry.redaction import is_secret, redact

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"token {JWT} was refused", "token [redacted] was refused"),
        ("Authorization: Bearer abcdef123", "Authorization: [redacted]"),
        ("sent Bearer abcdef123456", "sent Bearer [redacted]"),
        ('{"password": "hunter2", "n": 1}', '{"password": [redacted], "n": 1}'),
        ("{'refresh_token': 'abc', 'n': 1}", "{'refresh_token': [redacted], 'n': 1}"),
        ("/v1/x?password=hunter2&n=1", "/v1/x?password=[redacted]&n=1"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: [redacted]; Path=/"),
        ("x-api-key=abc", "x-api-key=[redacted]"),
        ("Key (email)=(ada@example.com) already exists", "Key (email)=([redacted]) already exists"),
        ("/v1/users/ada%40example.com", "/v1/users/[redacted]"),
        ("postgresql://blog:hunter2@127.0.0.1:5432/blog", "postgresql://blog:[redacted]@127.0.0.1:5432/blog"),
    ],
)
def test_a_secret_is_taken_out(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/posts/42 took 12 ms",
        "the pool is full: 10 of 10 connections",
        "tokens are verified once",
        "password hashing is saturated",
        "it was 3:45, x=1; nothing else",
        "http://127.0.0.1:8000/v1/posts?tag=python",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("name", ["password", "db_password", "Authorization", "refresh_token", "email", "x-api-key"])
def test_a_fields_name_can_say_that_it_is_secret(name: str) -> None:
    assert is_secret(name.replace("-", "_"))


def test_a_span_leaves_without_secrets() -> None:
    tracer = TracerProvider().get_tracer("t")
    with tracer.start_as_current_span("GET /v1/users/ada@example.com") as span:
        span.set_attribute("url.query", "password=hunter2")  # an instrumentation's name
        span.set_attribute("n", 1)
        span.add_event("exception", {"exception.message": f"bad {JWT}"})
        span.set_status(Status(StatusCode.ERROR, "Key (email)=(ada@example.com)"))
    copy = without_secrets(span)  # type: ignore[arg-type]  # the SDK's span, which has ended
    text = copy.to_json()
    for secret in ("hunter2", "ada@", JWT):
        assert secret not in text
    assert copy.attributes == {"url.query": "password=[redacted]", "n": 1}
    assert copy.get_span_context() == span.get_span_context()
