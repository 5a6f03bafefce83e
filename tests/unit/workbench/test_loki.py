"""Loki's query API: numbers, lines, and clear words when it does not answer as it should."""

from __future__ import annotations

import httpx
import pytest

from workbench.adapters.loki import Loki
from workbench.errors import CannotDecideError


def loki(status: int, body: object) -> tuple[Loki, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=body) if not isinstance(body, str) else httpx.Response(status, text=body)

    return Loki("http://loki", transport=httpx.MockTransport(handle)), asked


def test_the_numbers_of_now() -> None:
    series = {"metric": {"service_name": "blog"}, "value": [1, "2.5"]}
    asks, asked = loki(200, {"data": {"result": [series]}})
    (sample,) = asks.vector("sum(count_over_time({a=~`.+`}[5m]))")
    assert (dict(sample.labels), sample.value) == ({"service_name": "blog"}, 2.5)
    assert asked[0].url.path == "/loki/api/v1/query"


def test_times_are_nanoseconds() -> None:
    asks, asked = loki(200, {"data": {"result": []}})
    assert asks.streams('{a="b"}', (1, 2), 500) == []
    assert dict(asked[0].url.params) == {"query": '{a="b"}', "start": "1000", "end": "2000", "limit": "500"}


def test_numbers_over_a_time() -> None:
    asks, asked = loki(200, {"data": {"result": [{"metric": {"level": "error"}, "values": [[1, "0.5"], [3, "1"]]}]}})
    (series,) = asks.range("rate(x[1m])", (1.0, 3.0), 2.0)
    assert (series.labels, series.samples) == ({"level": "error"}, [(1.0, 0.5), (3.0, 1.0)])
    assert dict(asked[0].url.params) == {"query": "rate(x[1m])", "start": "1.000", "end": "3.000", "step": "2"}


def test_a_query_that_is_refused_is_quoted_with_the_reason() -> None:
    asks, _ = loki(400, "parse error at line 1, col 3: syntax error")
    with pytest.raises(CannotDecideError, match=r"refuses '\{': 400 parse error"):
        asks.vector("{")


@pytest.mark.parametrize("body", ["<html>", {"data": {}}, []])
def test_an_answer_of_somebody_else_is_said_to_be_one(body: object) -> None:
    asks, _ = loki(200, body)
    with pytest.raises(CannotDecideError, match="not as Loki does"):
        asks.vector("x")
