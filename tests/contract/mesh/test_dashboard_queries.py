"""What Istio's dashboards and Kiali ask is what the mesh writes: every metric and label, or a reviewed exception."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import promql_parser as promql
import pytest

from tests.live.mesh.dashboards import kiali
from tests.live.mesh.dashboards.grafana import expand, written_down
from tests.live.mesh.dashboards.population import ABSENT_METRICS, NAMESPACE, series_of
from workbench.mesh.local.labels import HTTP_ONLY, LABELS
from workbench.mesh.local.metrics import Labelled, connection_loggers, request_loggers
from workbench.mesh.local.tcp_bytes import PROMETHEUS_NAMES

# Labels that no metric of the mesh has, and why they may be asked for all the same.
FOREIGN_LABELS = {
    "le": "the bound of a histogram's bucket, written by Envoy's Prometheus page",
    "app": "the pod's label, which the scrape adds to every series of the target",
    "component": "of istio_build, which needs a control plane",
    "tag": "of istio_build, which needs a control plane",
}


def metrics(loggers: list[dict[str, Any]]) -> set[str]:
    """The names that Prometheus shows for what the loggers write."""
    configs = [logger["typed_config"] for logger in loggers]
    counters = {one["stat"]["name"] for config in configs for one in config.get("counters", [])}
    histograms = {one["stat"]["name"] for config in configs for one in config.get("histograms", [])}
    return counters | {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}


HTTP_METRICS = metrics(request_loggers([Labelled([])]))
TCP_METRICS = metrics(connection_loggers([])) | set(PROMETHEUS_NAMES.values())


def unpicked(text: str) -> str:
    """The expression with a value for every variable."""
    names = {one for pair in re.findall(r"\$(?:(\w+)|\{(\w+)\})", text) for one in pair if one}
    return expand(text, {name: ["x", "y"] for name in names})


def dashboard_queries() -> list[str]:
    return [
        unpicked(text)
        for board in written_down().values()
        for text in (
            *(panel.expression for panel in board.panels),
            *(one.query for one in board.variables if one.query),
        )
    ]


def kiali_queries() -> list[str]:
    return [
        *chain.from_iterable(kiali.traffic(NAMESPACE, one) for one in ("istio_requests_total", *kiali.TCP_METRICS)),
        *kiali.security(NAMESPACE),
        *kiali.response_time(NAMESPACE, 0.95),
        *chain.from_iterable(kiali.throughput(NAMESPACE, what) for what in ("request", "response")),
    ]


QUERIES = sorted({*dashboard_queries(), *kiali_queries()})


def asked(query: str) -> tuple[set[str], set[str]]:
    """The metrics and the labels that an expression names."""
    names: set[str] = set()
    labels: set[str] = set()

    def visit(node: Any) -> None:  # noqa: ANN401 - the parser's nodes have no common type
        if isinstance(node, promql.VectorSelector):
            names.add(str(node.name))
            labels.update(str(one.name) for one in node.matchers.matchers)
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        for child in (getattr(node, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")):
            if child is not None:
                visit(child)
        for child in getattr(node, "args", None) or ():
            visit(child)

    visit(promql.parse(query))
    return names, labels


def test_there_are_questions_of_all_three_dashboards_and_of_kiali() -> None:
    panels = {name: len(board.panels) for name, board in written_down().items()}
    assert panels == {"mesh": 13, "service": 78, "workload": 72}
    assert len(QUERIES) > 150


@pytest.mark.parametrize("query", QUERIES)
def test_an_expression_names_metrics_and_labels_that_the_mesh_writes(query: str) -> None:
    names, labels = asked(query)
    assert names <= HTTP_METRICS | TCP_METRICS | set(ABSENT_METRICS)
    assert labels <= {*LABELS, *FOREIGN_LABELS}
    if names & TCP_METRICS and not names & HTTP_METRICS:
        assert not labels & HTTP_ONLY


def test_no_exception_is_stale() -> None:
    assert not set(ABSENT_METRICS) & (HTTP_METRICS | TCP_METRICS)
    assert not set(FOREIGN_LABELS) & set(LABELS)
    used = set().union(*(asked(query)[1] for query in QUERIES))
    assert set(FOREIGN_LABELS) <= used


def test_every_label_that_kiali_needs_is_one_of_istios() -> None:
    assert set(kiali.ENDS) | set(kiali.REQUEST) | set(kiali.PRINCIPALS) <= set(LABELS)


def test_the_expected_series_have_istios_labels_only() -> None:
    for metric in ("istio_requests_total", "istio_tcp_sent_bytes_total"):
        assert series_of(metric)
        for labels in series_of(metric):
            assert set(labels) <= set(LABELS)
