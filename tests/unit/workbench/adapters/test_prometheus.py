"""Prometheus' answers, good and bad: each bad one is a sentence, never a traceback and never a number."""

from collections.abc import Callable

import httpx
import pytest

from workbench.adapters.prometheus import HttpPrometheus
from workbench.errors import CannotDecideError, UsageError

Answer = Callable[[httpx.Request], httpx.Response]


def prometheus(answer: Answer) -> HttpPrometheus:
    return HttpPrometheus("http://prometheus.test/", transport=httpx.MockTransport(answer))


def result(kind: str, values: object) -> Answer:
    document = {"status": "success", "data": {"resultType": kind, "result": values}}
    return lambda _request: httpx.Response(200, json=document)


def test_raw_samples_are_asked_for_with_both_ends_of_the_window() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return result("matrix", [{"metric": {"a": "b"}, "values": [[10, "1"], [12, "3"]]}])(request)

    (series,) = prometheus(answer).raw("requests_total", 10.0, 12.0)

    assert dict(asked[0].url.params) == {"query": "requests_total[2001ms]", "time": "12.000"}
    assert series.labels == {"a": "b"}
    assert series.samples == [(10.0, 1.0), (12.0, 3.0)]


def test_one_number_is_read_and_none_is_none() -> None:
    assert prometheus(result("vector", [{"metric": {}, "value": [1, "42.5"]}])).number("x") == 42.5
    assert prometheus(result("vector", [])).number("x") is None


@pytest.mark.parametrize(("text", "seconds"), [("2s", 2.0), ("1m30s", 90.0), ("500ms", 0.5), ("1h", 3600.0)])
def test_the_scrape_interval_is_read_from_the_targets(text: str, seconds: float) -> None:
    targets = [
        {"labels": {"job": "envoy-stats"}, "scrapeInterval": text},
        {"labels": {"job": "other"}, "scrapeInterval": "7s"},
    ]
    document = {"status": "success", "data": {"activeTargets": targets}}

    assert prometheus(lambda _: httpx.Response(200, json=document)).scrape_interval_s("envoy-stats") == seconds


def test_the_start_is_read_with_gos_nanoseconds() -> None:
    document = {"status": "success", "data": {"startTime": "2026-01-02T03:04:05.123456789Z"}}

    assert prometheus(lambda _: httpx.Response(200, json=document)).started_at() == 1767323045.123456


def test_a_start_that_is_no_time_cannot_be_judged() -> None:
    document = {"status": "success", "data": {"startTime": "yesterday"}}

    with pytest.raises(CannotDecideError, match="yesterday"):
        prometheus(lambda _: httpx.Response(200, json=document)).started_at()


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused")


def stall(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out")


def answer(status: int, text: str) -> Answer:
    return lambda _request: httpx.Response(status, text=text)


BAD: dict[str, tuple[Answer, str]] = {
    "down": (refuse, "does not answer at http://prometheus.test: connection refused"),
    "slow": (stall, "does not answer at http://prometheus.test: timed out"),
    "400": (answer(400, '{"status":"error","error":"parse error"}'), "answered 400: parse error"),
    "503 with HTML": (
        answer(503, "<html>sorry</html>"),
        "503 with something that is not Prometheus' JSON: <html>",
    ),
    "half a JSON": (answer(200, '{"status":"success","data":{"resul'), "not Prometheus' JSON"),
    "a JSON list": (answer(200, "[]"), "not Prometheus' JSON"),
    "warnings": (
        answer(200, '{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["partial"]}'),
        "warns that its answer is incomplete: partial",
    ),
    "two series": (
        result("vector", [{"metric": {}, "value": [1, "1"]}, {"metric": {}, "value": [1, "2"]}]),
        "has 2 series",
    ),
    "NaN": (result("vector", [{"metric": {}, "value": [1, "NaN"]}]), "is NaN"),
    "text as a value": (result("vector", [{"metric": {}, "value": [1, "abc"]}]), "something unexpected: ValueError"),
    "a value without text": (result("vector", [{"metric": {}, "value": None}]), "something unexpected: TypeError"),
    "no result": (answer(200, '{"status":"success","data":{}}'), "something unexpected: KeyError"),
    "a list of data": (answer(200, '{"status":"success","data":[1]}'), "not Prometheus' JSON"),
    "infinity": (result("vector", [{"metric": {}, "value": [1, "+Inf"]}]), r"is \+Inf"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_answer_cannot_decide_anything(what: str) -> None:
    bad, message = BAD[what]

    with pytest.raises(CannotDecideError, match=message):
        prometheus(bad).number("x")


def test_native_histograms_are_no_counters() -> None:
    native = [{"metric": {}, "histograms": [[1, {"count": "3"}]]}]

    with pytest.raises(CannotDecideError, match="native histogram"):
        prometheus(result("matrix", native)).raw("x", 0, 1)


@pytest.mark.parametrize("values", [[["late", "1"]], [[1]], [{"time": 1}]])
def test_samples_of_another_form_cannot_be_judged(values: object) -> None:
    with pytest.raises(CannotDecideError, match="something unexpected"):
        prometheus(result("matrix", [{"metric": {}, "values": values}])).raw("x", 0, 1)


@pytest.mark.parametrize("url", ["nowhere", "http://[::1", "ftp://127.0.0.1/", "http://", ""])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(UsageError, match="is no"):
        HttpPrometheus(url)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")

    with pytest.raises(CannotDecideError, match="refused"):
        HttpPrometheus("http://127.0.0.1:1").clock()


def test_samples_must_be_samples() -> None:
    with pytest.raises(CannotDecideError, match="not with samples"):
        prometheus(result("vector", [])).raw("x", 0, 1)


@pytest.mark.parametrize("targets", [[], [{"labels": {"job": "envoy-stats"}, "scrapeInterval": "soon"}]])
def test_a_job_without_a_known_interval_cannot_be_judged(targets: list[object]) -> None:
    document = {"status": "success", "data": {"activeTargets": targets}}

    with pytest.raises(CannotDecideError):
        prometheus(lambda _: httpx.Response(200, json=document)).scrape_interval_s("envoy-stats")
