"""What the viewer shows: units, names, colours, and every panel of every dashboard."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.catalogue import documents
from dashboards.view.ask import Answer, FoundTrace, Line, RefusedError, Sources, SpanRow
from dashboards.view.expand import Chosen, Window
from dashboards.view.page import page, rows
from dashboards.view.panels import Viewer
from dashboards.view.values import colour, name_of, shown, state

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW = Window(0, 900)
STEPS = [{"color": "green", "value": None}, {"color": "orange", "value": 1.0}, {"color": "red", "value": 14.4}]


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.9987, "percentunit", 2, "99.87%"),
        (12.5, "percent", None, "12.5%"),
        (0.0153, "s", None, "15.3 ms"),
        (90.0, "s", None, "1.5 min"),
        (15.3, "ms", None, "15.3 ms"),
        (1500.0, "ms", None, "1.5 s"),
        (0.0, "s", None, "0 s"),
        (3 * 2**20, "bytes", None, "3 MiB"),
        (12345.0, "short", None, "12.3 K"),
        (99.96, "reqps", 1, "100.0 req/s"),
        (2.0, "furlongs", None, "2 furlongs"),
        (float("nan"), "s", None, "NaN"),
    ],
)
def test_values_are_shown_in_their_unit(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert shown(value, unit, decimals) == text


def test_series_are_named_as_grafana_names_them() -> None:
    labels = {"__name__": "up", "app": "blog", "job": "x"}
    assert name_of(labels, "{{app}} in {{job}}{{nothing}}") == "blog in x"
    assert name_of(labels, "__auto") == 'up{app="blog", job="x"}'
    assert name_of({"app": "blog"}, "__auto") == "blog"
    assert name_of({}, "P95") == "P95"


def test_colours_follow_thresholds_and_mappings() -> None:
    defaults: dict[str, Any] = {"thresholds": {"steps": STEPS}}
    assert [colour(value, defaults) for value in (-1.0, 1.0, 20.0)] == ["#56a64b", "#e0752d", "#e02f44"]
    mapping = {"type": "value", "options": {"0": {"text": "down", "color": "red", "index": 0}}}
    assert state(0.0, {"mappings": [mapping]}) == ("down", "#e02f44")
    assert state(1.0, {"mappings": [mapping]}) is None


class Everything:
    """Answers every query with two series that have whatever label is asked for."""

    LABELS: Mapping[str, str] = {
        "source": "api-gateway",
        "target": "blog",
        "le": "100",
        "slo": "<b>",
        "app": "blog",
        "source_workload": "api-gateway",
        "destination_workload": "blog",
    }

    def over(self, _expr: str, window: Window) -> list[Answer]:
        return [Answer(self.LABELS, [(window.start_s, 1.0), (window.end_s, 2.0)]), Answer({"le": "+Inf"}, [(0.0, 3.0)])]

    def now(self, _expr: str) -> list[Answer]:
        return [Answer(self.LABELS, [(0.0, 2.0)])]


class Nothing:
    def over(self, _expr: str, _window: Window) -> list[Answer]:
        return []

    def now(self, _expr: str) -> list[Answer]:
        return []


class Refusing(Nothing):
    def over(self, _expr: str, _window: Window) -> list[Answer]:
        raise RefusedError("parse <error>")


class Said(Everything):
    """A Loki: two lines beside its numbers."""

    def lines(self, _query: str, window: Window, most: int) -> list[Line]:
        assert most <= 200
        access = '{"method":"GET","path":"/v1/<b>","response_code":503,"response_flags":"-"}'
        return [
            Line(
                window.start_s, {"service_name": "blog", "level": "warning", "trace_id": "abc def"}, '{"message":"m1"}'
            ),
            Line(window.end_s, {"service_name": "istio-ingressgateway"}, access),
        ]


class Traced:
    """A Jaeger with one trace that failed."""

    def search(self, service: str, tags: str, _window: Window, most: int) -> list[FoundTrace]:
        assert (service, most) == ("blog", 20)
        assert tags in {"", '{"titanium.failed":"true"}'}
        return [FoundTrace("0123456789abcdef", "ingress", "GET <x>", 0.0, 12.34, 7, failed=True)]

    def spans(self, trace_id: str) -> list[SpanRow]:
        assert trace_id == "0123"
        return [
            SpanRow(0, "ingress", "in", 0.0, 100.0, failed=False),
            SpanRow(1, "blog", "SELECT", 25.0, 50.0, failed=True),
        ]


def as_page(uid: str, sources: Sources, link: str = "", **chosen: str) -> str:
    choice = Chosen({"service": "blog", "search": "", "trace": "", **chosen})
    return page(documents()[uid], Viewer(sources, WINDOW, choice, link), others={}, plotly="p")


def test_lines_are_shown_the_newest_first_with_a_way_to_their_traces() -> None:
    html = as_page("logs", Sources(Everything(), Said()), "/d/traces?var-trace=")
    assert html.index("GET /v1/&lt;b&gt; 503") < html.index("<td>m1</td>")
    assert '<a href="/d/traces?var-trace=abc%20def">abc def…</a>' in html
    assert "<a" not in as_page("logs", Sources(Everything(), Said()))


def test_traces_are_listed_and_one_is_shown_span_by_span() -> None:
    html = as_page("traces", Sources(Everything(), None, Traced()), "/d/traces?var-trace=", trace="0123")
    assert "ingress: GET &lt;x&gt;</td><td>12.3 ms</td><td>7</td><td>failed" in html
    assert '<a href="/d/traces?var-trace=0123456789abcdef">01234567…</a>' in html
    assert "margin-left:25.00%;width:50.00%;background:#e02f44" in html
    assert "choose a trace above" in as_page("traces", Sources(Everything(), None, Traced()))


def test_a_source_that_is_not_there_is_named_with_the_way_to_get_it() -> None:
    assert "titanium components build loki" in as_page("logs", Sources(Everything()))
    assert "titanium components build jaeger" in as_page("traces", Sources(Everything()))


@pytest.mark.parametrize("uid", documents())
def test_every_panel_of_every_dashboard_is_shown(uid: str) -> None:
    document = documents()[uid]
    viewer = Viewer(
        Sources(Everything(), Said(), Traced()),
        WINDOW,
        Chosen({"service": "blog", "slo": "gateway-latency", "search": "", "trace": ""}),
    )
    html = page(document, viewer, others={"/d/slo": "SLO"}, plotly="plotly.min.js")
    for question, panels in rows(document):
        assert escape(question) in html
        for panel in panels:
            assert f'id="panel-{panel["id"]}"' in html
    assert ">no data<" not in html


def test_no_data_is_said_and_a_refusal_is_shown() -> None:
    document = documents()["overview"]
    empty = page(document, Viewer(Sources(Nothing()), WINDOW, Chosen({})), others={}, plotly="p")
    assert ">no data<" in empty
    assert "nothing now; filled by requests that fail" in empty
    refused = page(document, Viewer(Sources(Refusing()), WINDOW, Chosen({})), others={}, plotly="p")
    assert "parse &lt;error&gt;" in refused


def test_one_panel_can_be_shown_large() -> None:
    document = documents()["overview"]
    wanted = document["panels"][1]["id"]
    html = page(document, Viewer(Sources(Everything()), WINDOW, Chosen({})), others={}, plotly="p", only=wanted)
    assert html.count("<section") == 1
    assert "span 24" in html
