"""Traces: slow and failed requests, and the waterfall of one."""

from __future__ import annotations

from dashboards.grafana import variables
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import RED, Look, timeseries, trace_table, traces
from dashboards.grafana.queries import Query, TraceSearch, quantile
from services.common.telemetry import registry


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="traces",
        title="Traces",
        description="From a slow route to the statement that was slow. A dot in the first panel is a request.",
        variables=(
            variables.label_values(
                "service", "Service", f"label_values({registry.BUILD_INFO.name}, app)", first="api-gateway"
            ),
            variables.textbox("trace", "Trace id"),
        ),
        rows=(
            _all_right(),
            _lists(),
            _waterfall(),
        ),
    )


def _all_right() -> Row:
    return row(
        "Are users all right: which requests were slow?",
        timeseries(
            "exemplars",
            "P95 by route",
            "Dots are single requests with a trace: choose one.",
            Look(unit="s", least=0, steps=((0.5, RED),)),
            Query(
                quantile(0.95, registry.REQUEST_DURATION.name, 'job="services",app="$service"', registry.Label.ROUTE),
                f"{{{{{registry.Label.ROUTE}}}}}",
                exemplar=True,
            ),
            width=24,
        ),
    )


def _lists() -> Row:
    return row(
        "Which requests failed, and what were the latest?",
        trace_table(
            "failed",
            "Failed",
            "Traces in which something failed.",
            TraceSearch("$service", f'{{"{registry.SpanAttribute.FAILED}":"true"}}'),
            width=12,
        ),
        trace_table("latest", "Latest", "The latest traces of the service.", TraceSearch("$service"), width=12),
    )


def _waterfall() -> Row:
    return row(
        "Where did one request spend its time?",
        traces(
            "waterfall",
            "One trace",
            "The trace whose id stands above, from the ingress to the SQL statement.",
            TraceSearch(trace="$trace"),
        ),
    )
