"""`titanium trace`: what is shown, from where, and what is said when there is nothing to show."""

import json
from pathlib import Path

import httpx
import pytest

from workbench.__main__ import main
from workbench.adapters.jaeger import Jaeger
from workbench.adapters.log_lines import from_files, from_loki
from workbench.commands.trace import wait_for
from workbench.domain.trace import LogLine, Span, Trace
from workbench.errors import EXIT_USAGE, CannotDecideError
from workbench.reports.waterfall import message, waterfall

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
DOCUMENT = {
    "data": [
        {
            "traceID": TRACE_ID,
            "processes": {"p1": {"serviceName": "blog"}},
            "spans": [
                {
                    "spanID": "b",
                    "operationName": "SELECT blog",
                    "references": [{"refType": "CHILD_OF", "spanID": "a"}],
                    "startTime": 1000,
                    "duration": 800_000,
                    "processID": "p1",
                    "tags": [{"key": "error", "value": True}, {"key": "db.query.text", "value": "SELECT\n  1"}],
                }
            ],
        }
    ]
}
ACCESS = {"request_id": "r1", "response_code": 200, "method": "GET", "path": "/v1/posts", "response_flags": "-"}


def jaeger(answer: httpx.Response) -> tuple[Jaeger, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    return Jaeger("http://jaeger", transport=httpx.MockTransport(handle)), asked


def test_a_request_is_found_by_the_tag_that_envoy_writes() -> None:
    found, asked = jaeger(httpx.Response(200, json=DOCUMENT))
    trace = found.by_request("r1")
    assert trace is not None
    assert json.loads(asked[0].url.params["tags"]) == {"guid:x-request-id": "r1"}
    (span,) = trace.spans
    assert (span.service, span.parent_id, span.duration_us, span.is_error) == ("blog", "a", 800_000, True)


def test_what_jaeger_does_not_have_is_none() -> None:
    assert jaeger(httpx.Response(404, json={"data": None}))[0].by_id(TRACE_ID) is None
    assert jaeger(httpx.Response(200, json={"data": []}))[0].by_request("r1") is None


def test_the_latest_traces_of_a_service_within_a_time() -> None:
    found, asked = jaeger(httpx.Response(200, json={"data": []}))
    assert found.latest("blog", "", (1, 2), 20) == []
    assert dict(asked[0].url.params) == {"service": "blog", "start": "1", "end": "2", "limit": "20"}
    found.latest("blog", '{"a":"b"}', (1, 2), 20)
    assert asked[1].url.params["tags"] == '{"a":"b"}'


def test_an_answer_that_is_no_trace_is_no_silence() -> None:
    with pytest.raises(CannotDecideError, match="not with traces"):
        jaeger(httpx.Response(502, text="bad gateway"))[0].by_request("r1")


class Late:
    """Has the trace at the third question."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def by_request(self, request_id: str) -> Trace | None:
        self.asked.append(request_id)
        return Trace("t", ()) if len(self.asked) == 3 else None

    def by_id(self, trace_id: str) -> Trace | None:
        return Trace(trace_id, ())


def test_a_trace_that_is_still_on_its_way_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    late = Late()
    assert wait_for(late, "r1", 20) == Trace("t", ())
    assert late.asked == ["r1"] * 3
    assert wait_for(Late(), "r1", 0) is None


def test_an_exemplars_id_asks_for_the_trace_itself() -> None:
    assert wait_for(Late(), TRACE_ID, 0) == Trace(TRACE_ID, ())


def test_loki_is_asked_by_structured_metadata_and_time() -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        access = json.dumps({**ACCESS, "upstream_cluster": "inbound|8000||"})
        stream = {"stream": {"service_name": "blog", "span_id": "s"}, "values": [["5000", access]]}
        return httpx.Response(200, json={"data": {"result": [stream]}})

    lines = from_loki("http://loki", {"request_id": "r1"}, (1, 2), transport=httpx.MockTransport(handle))
    assert asked[0].url.params["query"] == '{service_name=~".+"} | request_id="r1"'
    assert (asked[0].url.params["start"], asked[0].url.params["end"]) == ("1000", "2000")
    assert [(line.time_us, line.workload, line.span_id, line.side) for line in lines] == [(5, "blog", "s", "server")]


def test_without_loki_lines_come_from_the_files_rotated_ones_included(tmp_path: Path) -> None:
    mine = {"time": "2026-01-01T00:00:00+00:00", "message": "m", "trace_id": TRACE_ID, "span_id": "s"}
    (tmp_path / "blog.log").write_text(f"{json.dumps(mine)}\nnot JSON {TRACE_ID}\n")
    (tmp_path / "ingress.log.1").write_text(json.dumps({**ACCESS, "start_time": "2026-01-01T00:00:00Z"}) + "\n")
    (tmp_path / "auth.log").write_text(json.dumps({"message": f"only mentions {TRACE_ID}"}) + "\n")
    lines = from_files(tmp_path, {"trace_id": TRACE_ID, "request_id": "r1"})
    assert [(line.workload, line.span_id) for line in lines] == [("blog", "s"), ("istio-ingressgateway", "")]
    assert {line.time_us for line in lines} == {1_767_225_600_000_000}


def test_the_waterfall_shows_spans_in_place_with_statements_and_lines() -> None:
    root = Span("a", "", "blog", "GET /v1/posts", 0, 1_000_000, {"http.response.status_code": "200"})
    slow = Span("b", "a", "blog", "SELECT", 500_000, 500_000, {"db.query.text": "SELECT\n 1", "error": "true"})
    lines = [LogLine(600_000, "blog", json.dumps({"level": "warning", "message": "slow"}), "b")]
    first, top, query, statement, log = waterfall(Trace(TRACE_ID, (slow, root)), lines).splitlines()
    assert first == f"trace {TRACE_ID}: 2 spans, 1000.0 ms"
    assert top.split()[:4] == ["0.0", "1000.0", "ms", "#" * 32]
    assert query.split()[:4] == ["500.0", "500.0", "ms", "." * 16 + "#" * 16]
    assert query.endswith("ERROR")
    assert statement.strip() == "SELECT 1"
    assert log.split() == ["600.0", "log", "warning", "slow"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (json.dumps(ACCESS), "access GET /v1/posts 200"),
        (
            json.dumps({"level": "error", "message": "m", "exception": "Traceback\nValueError: x"}),
            "error m (ValueError: x)",
        ),
        ("plain", "plain"),
        ("[1]", "[1]"),
        ('{"other": 1}', '{"other": 1}'),
    ],
)
def test_lines_are_shown_as_a_person_reads_them(text: str, shown: str) -> None:
    assert message(text) == shown


def test_without_jaeger_the_way_to_get_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert main(["trace", "r1"]) == EXIT_USAGE
    assert "titanium components build jaeger" in capsys.readouterr().err


def test_what_cannot_be_an_id_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", 'x"} or {']) == EXIT_USAGE
    assert "x-request-id" in capsys.readouterr().err
