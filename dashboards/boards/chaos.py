"""Chaos and drills: faults on the time axis of what users saw."""

from __future__ import annotations

from typing import Any

from dashboards.boards.common import AT_THE_INGRESS, DURATION_MS, FAILED, REQUESTS, SHARE_OF_ERRORS, releases
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, RED, Look, stat, state_timeline, timeseries
from dashboards.grafana.queries import Query, Source, quantile, rate, share
from services.common.telemetry import workbench as published
from slo.rules import names

_FAULT = f'{published.FAULT.name}{{job="node"}}'
_ENVOY = 'job="envoy-stats"'


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="chaos",
        title="Chaos and drills",
        description="Which faults were in force when, what they did, and whether the platform recovered.",
        annotations=(releases(), _faults()),
        rows=(_all_right(), _faults_and_users(), _injected()),
    )


def _faults() -> dict[str, Any]:
    return {
        "datasource": Source.METRICS.reference,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "name": "Faults",
        "expr": f"{_FAULT} > 0",
        "titleFormat": "{{kind}} at {{service}}",
        "step": "15s",
    }


def _all_right() -> Row:
    total = rate(REQUESTS, AT_THE_INGRESS)
    return row(
        "Are users all right, although something is broken?",
        stat(
            "faults",
            "Faults in force",
            "Faults that were injected on purpose and not taken away yet.",
            Look(unit="short", steps=((1, AMBER),)),
            Query(f"count({_FAULT} > 0) or vector(0)", "faults"),
            width=8,
        ),
        stat(
            "errors",
            "Errors",
            "Share of requests at the ingress that failed.",
            SHARE_OF_ERRORS,
            Query(share(rate(REQUESTS, f"{AT_THE_INGRESS},{FAILED}"), total), "errors"),
            width=8,
        ),
        stat(
            "latency",
            "P95",
            "At the ingress; interpolated in its bucket.",
            Look(unit="ms", steps=((400, AMBER), (500, RED)), least=0),
            Query(quantile(0.95, DURATION_MS, AT_THE_INGRESS), "P95"),
            width=8,
        ),
    )


def _faults_and_users() -> Row:
    return row(
        "What did each fault do to users?",
        state_timeline(
            "timeline",
            "Faults",
            "Share of the requests that each fault hits, in percent.",
            Look(unit="percent", least=0, most=100, steps=((1, AMBER),)),
            Query(f"{_FAULT}", "{{kind}} at {{service}}"),
            height=5,
        ),
        timeseries(
            "quantiles",
            "Latency at the ingress",
            "Faults are drawn as red marks.",
            Look(unit="ms", least=0, steps=((500, RED),)),
            Query(quantile(0.5, DURATION_MS, AT_THE_INGRESS), "P50"),
            Query(quantile(0.95, DURATION_MS, AT_THE_INGRESS), "P95"),
        ),
        timeseries(
            "burn",
            "Burn rates",
            "How fast each budget burns because of it, over the last hour.",
            Look(unit="none", least=0, steps=((1, AMBER), (14.4, RED))),
            Query(f'{names.BURN_RATE}{{slo!=""}}', "{{slo}}"),
        ),
    )


def _injected() -> Row:
    return row(
        "Was the fault really injected, and did everything come back?",
        timeseries(
            "injected",
            "Injected by the proxies",
            "Requests per second that a proxy delayed or aborted on purpose.",
            Look(unit="reqps", least=0),
            Query(rate("envoy_http_fault_delays_injected", _ENVOY, "app"), "{{app}} delayed"),
            Query(rate("envoy_http_fault_aborts_injected", _ENVOY, "app"), "{{app}} aborted"),
        ),
        timeseries(
            "flags",
            "Calls marked by a fault",
            "Calls per second with the flag DI (delayed) or FI (aborted).",
            Look(unit="reqps", least=0),
            Query(
                rate(
                    REQUESTS,
                    f'{_ENVOY},reporter="source",response_flags=~".*(DI|FI).*"',
                    "destination_workload, response_flags",
                ),
                "{{destination_workload}} {{response_flags}}",
            ),
        ),
        state_timeline(
            "up",
            "Targets",
            "What was down while the fault lasted.",
            Look(unit="none", base=RED, steps=((1, "green"),), states={0: ("down", RED), 1: ("up", "green")}),
            Query('min by (job, app) (up{job=~"services|envoy-stats"})', "{{job}} {{app}}"),
        ),
    )
