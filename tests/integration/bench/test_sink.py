"""The stand-in for telemetry backends; it listens on loopback for the length of a test."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from workbench.bench.sink import ANSWERS, Sink


def post(url: str, path: str, body: bytes = b"x" * 70_000) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ANSWERS)
def test_what_a_backend_takes_is_read_answered_and_counted(path: str) -> None:
    with Sink() as sink:
        assert post(sink.url, path) == ANSWERS[path]
        assert sink.received == {path: 1}


def test_what_no_backend_takes_is_refused_and_not_counted() -> None:
    with Sink() as sink:
        assert post(sink.url, "/api/v1/nothing") == 404
        assert sink.received == {}


def test_several_requests_on_one_connection_are_answered() -> None:
    with Sink() as sink:
        connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=5)
        for _ in range(3):
            connection.request("POST", "/v1/traces", b"span")
            assert connection.getresponse().read() == b""
        connection.close()
        assert sink.received == {"/v1/traces": 3}


def test_the_port_is_free_again_afterwards() -> None:
    with Sink() as sink:
        port = urlsplit(sink.url).port
        assert port is not None
    with Sink(port) as again:
        assert again.url == sink.url
