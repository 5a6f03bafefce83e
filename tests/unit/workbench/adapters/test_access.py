"""Secrets for a Prometheus: from the environment and files, sent, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from workbench.adapters.access import Access
from workbench.adapters.prometheus import HttpPrometheus
from workbench.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret-of-a-test"


def test_a_token_and_headers_are_sent_with_every_question(tmp_path: Path) -> None:
    token, headers = tmp_path / "token", tmp_path / "headers"
    token.write_text(f"{SECRET}\n")
    headers.write_text("X-Scope-OrgID: blog\n\n")
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "scalar", "result": [0, "5"]}})

    access = Access.from_environment(
        {"TITANIUM_PROMETHEUS_TOKEN_FILE": str(token), "TITANIUM_PROMETHEUS_HEADERS_FILE": str(headers)}
    )
    assert (
        HttpPrometheus("http://prometheus.example", access=access, transport=httpx.MockTransport(answer)).clock() == 5
    )
    assert (seen[0]["authorization"], seen[0]["x-scope-orgid"]) == (f"Bearer {SECRET}", "blog")


def test_nothing_of_it_is_ever_shown() -> None:
    access = Access.from_environment({"TITANIUM_PROMETHEUS_TOKEN": SECRET})
    assert SECRET in access.headers["Authorization"]
    assert SECRET not in repr(access)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TITANIUM_PROMETHEUS_TOKEN_FILE": "/nowhere/token"}, "/nowhere/token"),
        ({"TITANIUM_PROMETHEUS_CERT": "cert.pem"}, "one is missing"),
    ],
)
def test_what_cannot_be_used_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Access.from_environment(environment)


def test_a_line_that_is_no_header_is_named(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("Good: yes\nnonsense\n")
    with pytest.raises(UsageError, match="headers:2"):
        Access.from_environment({"TITANIUM_PROMETHEUS_HEADERS_FILE": str(file)})


def test_certificates_that_cannot_be_read_are_named() -> None:
    with pytest.raises(UsageError, match="certificates for Prometheus"):
        Access(authority="/nowhere/ca.pem").tls()
