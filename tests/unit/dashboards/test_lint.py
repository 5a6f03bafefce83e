"""Each rule of the linter, on a dashboard that is right but for one thing."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.grafana.board import Board, row
from dashboards.grafana.encoder import encode
from dashboards.grafana.panels import Look, timeseries
from dashboards.grafana.queries import LogQuery, Query
from dashboards.grafana.variables import label_values
from dashboards.lint.linter import lint
from dashboards.lint.rules import DASHBOARD_RULES, PANEL_RULES, TARGET_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = {"http_requests_total": frozenset({"code"}), "slo:info": None, "depth": frozenset({"queue"})}
GOOD = 'sum by (code) (rate(http_requests_total{job="shop"}[$__rate_interval]))'


def a_dashboard(*queries: Query | LogQuery) -> dict[str, Any]:
    panel = timeseries("requests", "Requests", "How many there are.", Look(unit="reqps"), *(queries or (Query(GOOD),)))
    variable = label_values("code", "Code", "label_values(http_requests_total, code)")
    board = Board(uid="shop", title="Shop", description="x", rows=(row("Is it open?", panel),), variables=(variable,))
    return encode(board.to_grafanalib())


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = deepcopy(a_dashboard())
    change(document)
    return document


def rules_that_speak(document: dict[str, Any]) -> set[str]:
    return {finding.rule for finding in lint([document], KNOWN)}


def test_nothing_is_found_in_a_dashboard_that_is_right() -> None:
    assert lint([a_dashboard()], KNOWN) == []


def variable(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["templating"]["list"][-1]
    return found


DOCUMENTS = {
    "template-datasource-rule": lambda one: one["templating"]["list"].pop(0),
    "template-label-promql-rule": lambda one: variable(one).update(definition="query_result(up)"),
    "template-on-time-change-reload-rule": lambda one: variable(one).update(refresh=1),
    "uneditable-dashboard-rule": lambda one: one.update(editable=True),
    "titanium/question": lambda one: one["panels"][0].update(title="Requests"),
    "titanium/panel-id": lambda one: one["panels"][1].update(id=one["panels"][0]["id"]),
    "panel-datasource-rule": lambda one: one["panels"][1].update(datasource={"type": "prometheus", "uid": "abc"}),
    "panel-title-description-rule": lambda one: one["panels"][1].pop("description"),
    "panel-units-rule": lambda one: one["panels"][1]["fieldConfig"]["defaults"].pop("unit"),
    "panel-no-targets-rule": lambda one: one["panels"][1].update(targets=[]),
}
QUERIES: dict[str, Query | LogQuery] = {
    "target-promql-rule": Query("sum(rate("),
    "target-rate-interval-rule": Query('rate(http_requests_total{job="shop"}[5m])'),
    "target-job-rule": Query("depth"),
    "target-instance-rule": Query('depth{job="shop",instance="a:1"}'),
    "target-counter-agg-rule": Query('sum(http_requests_total{job="shop"})'),
    "target-logql-rule": LogQuery("rate({} [$__auto])"),
    "target-logql-auto-rule": LogQuery('rate({app="shop"} [5m])'),
    "promql/regexp": Query('depth{job="shop",queue=~"mail"}'),
    "titanium/known-name": Query('dpeth{job="shop"}'),
}


@pytest.mark.parametrize("rule", DOCUMENTS)
def test_a_rule_about_dashboards_and_panels_speaks(rule: str) -> None:
    assert rules_that_speak(broken(DOCUMENTS[rule])) == {rule}


@pytest.mark.parametrize("rule", QUERIES)
def test_a_rule_about_queries_speaks(rule: str) -> None:
    assert rule in rules_that_speak(a_dashboard(QUERIES[rule]))


def test_every_rule_is_shown_to_speak() -> None:
    assert DASHBOARD_RULES.keys() | PANEL_RULES.keys() == DOCUMENTS.keys()
    assert TARGET_RULES.keys() == QUERIES.keys()


def test_a_label_that_a_metric_does_not_have_is_found() -> None:
    found = lint([a_dashboard(Query('depth{job="shop",qeueu="mail"}'))], KNOWN)
    assert [str(one) for one in found] == ["shop, 'Requests': depth has no label qeueu [titanium/known-name]"]


def test_a_record_needs_its_slo_and_no_job() -> None:
    assert rules_that_speak(a_dashboard(Query('slo:info{slo="shop"}'))) == set()
    assert rules_that_speak(a_dashboard(Query("slo:info"))) == {"target-job-rule"}
