"""What the viewer shows: units, names, colours, and every panel of every dashboard."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.catalogue import documents
from dashboards.view.ask import Answer, RefusedError
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


@pytest.mark.parametrize("uid", documents())
def test_every_panel_of_every_dashboard_is_shown(uid: str) -> None:
    document = documents()[uid]
    viewer = Viewer(
        Everything(), WINDOW, Chosen({"service": "blog", "slo": "gateway-latency", "search": "", "trace": ""})
    )
    html = page(document, viewer, others={"/d/slo": "SLO"}, plotly="plotly.min.js")
    for question, panels in rows(document):
        assert escape(question) in html
        for panel in panels:
            assert f'id="panel-{panel["id"]}"' in html
    assert ">no data<" not in html


def test_no_data_is_said_and_a_refusal_is_shown() -> None:
    document = documents()["overview"]
    empty = page(document, Viewer(Nothing(), WINDOW, Chosen({})), others={}, plotly="p")
    assert ">no data<" in empty
    assert "nothing now; filled by requests that fail" in empty
    refused = page(document, Viewer(Refusing(), WINDOW, Chosen({})), others={}, plotly="p")
    assert "parse &lt;error&gt;" in refused


def test_one_panel_can_be_shown_large() -> None:
    document = documents()["overview"]
    wanted = document["panels"][1]["id"]
    html = page(document, Viewer(Everything(), WINDOW, Chosen({})), others={}, plotly="p", only=wanted)
    assert html.count("<section") == 1
    assert "span 24" in html
