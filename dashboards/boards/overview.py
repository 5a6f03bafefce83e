"""Overview: the four golden signals and every budget on one screen."""

from __future__ import annotations

from dashboards.boards.common import (
    AT_THE_INGRESS,
    BUDGET,
    BURN,
    DURATION_MS,
    FAILED,
    REQUESTS,
    SERVICES,
    SHARE_OF_ERRORS,
    firing_alerts,
    releases,
)
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, RED, Look, bar_gauge, link, stat, timeseries
from dashboards.grafana.queries import Query, quantile, rate, share
from services.common.telemetry.registry import DB_POOL_CONNECTIONS, DB_POOL_MAX, EVENT_LOOP_LAG
from slo.rules import names

_ALL = rate(REQUESTS, AT_THE_INGRESS)
_FAILED = rate(REQUESTS, f"{AT_THE_INGRESS},{FAILED}")
_P95 = quantile(0.95, DURATION_MS, AT_THE_INGRESS)
_LATENCY = Look(unit="ms", steps=((400, AMBER), (500, RED)), least=0)
_TO_SLO = (link("All of this objective", "/d/slo?var-slo=${__field.labels.slo}&${__url_time_range}"),)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="overview",
        title="Overview",
        description="Are users all right, and for how long will they be? Start here.",
        annotations=(releases(),),
        rows=(
            _all_right(),
            _budgets(),
            _golden_signals(),
            _alerting(),
        ),
    )


def _all_right() -> Row:
    return row(
        "Are users all right?",
        stat(
            "requests",
            "Requests",
            "Requests per second that the ingress passed on.",
            Look(unit="reqps", decimals=1),
            Query(_ALL, "requests"),
            width=6,
        ),
        stat(
            "errors",
            "Errors",
            "Share of requests that were answered with 5xx or not at all, at the ingress.",
            SHARE_OF_ERRORS,
            Query(share(_FAILED, _ALL), "errors"),
            width=6,
        ),
        stat(
            "latency",
            "P95",
            "95 % of the requests were quicker, at the ingress; interpolated in its bucket.",
            _LATENCY,
            Query(_P95, "P95"),
            width=6,
        ),
        stat(
            "worst-budget",
            "Smallest budget left",
            "Of all objectives the one with the least error budget left in its period.",
            BUDGET,
            Query(f'min({names.BUDGET_REMAINING}{{slo!=""}})', "left"),
            width=6,
            spark=False,
        ),
    )


def _budgets() -> Row:
    return row(
        "How much budget is left, and how fast does it burn?",
        bar_gauge(
            "budgets",
            "Error budgets",
            "What is left of each objective's error budget: 100 % untouched, 0 % used up.",
            BUDGET,
            Query(f'sort({names.BUDGET_REMAINING}{{slo!=""}})', "{{slo}}", instant=True),
            height=9,
        ),
        timeseries(
            "burn-rates",
            "Burn rates",
            "How fast each budget burns over the last hour: 1 uses it up just at the period's end.",
            BURN,
            Query(f'{names.BURN_RATE}{{slo!=""}}', "{{slo}}"),
            height=9,
            links=_TO_SLO,
        ),
    )


def _golden_signals() -> Row:
    return row(
        "What changed: traffic, errors, latency, saturation?",
        timeseries(
            "traffic",
            "Traffic by answer",
            "Requests per second at the ingress, by response code (0: none).",
            Look(unit="reqps", least=0),
            Query(rate(REQUESTS, AT_THE_INGRESS, "response_code"), "{{response_code}}"),
            stacked=True,
        ),
        timeseries(
            "quantiles",
            "Latency",
            "Quantiles of the latency at the ingress; the lines are at 400 and 500 ms.",
            _LATENCY,
            Query(quantile(0.5, DURATION_MS, AT_THE_INGRESS), "P50"),
            Query(_P95, "P95"),
            Query(quantile(0.99, DURATION_MS, AT_THE_INGRESS), "P99"),
        ),
        timeseries(
            "errors-by-service",
            "Errors by service",
            "Share of failed answers of each workload, as its own proxy saw them.",
            SHARE_OF_ERRORS,
            Query(_errors_by_service(), "{{destination_workload}}"),
        ),
        timeseries(
            "saturation",
            "Saturation",
            "How full each service's database pool is, and the P99 of its event loop's lag relative to 100 ms.",
            Look(unit="percentunit", steps=((0.8, AMBER), (1.0, RED)), least=0),
            Query(_pool_fill(), "{{app}} pool"),
            Query(f"{quantile(0.99, EVENT_LOOP_LAG.name, SERVICES, 'app')} / 0.1", "{{app}} event loop"),
        ),
    )


def _alerting() -> Row:
    return row(
        "What is being alerted?",
        firing_alerts(
            "alerts",
            'alertname!="Watchdog"',
            "Alerts that fire",
            "Empty is good. The watchdog, which always fires, is left out.",
            width=24,
        ),
    )


def _errors_by_service() -> str:
    """Return the share by workload; each workload's own total keeps one without errors at zero."""
    matchers = 'reporter="destination",job="envoy-stats"'
    total = rate(REQUESTS, matchers, "destination_workload")
    return share(rate(REQUESTS, f"{matchers},{FAILED}", "destination_workload"), total)


def _pool_fill() -> str:
    used = f'sum by (app) ({DB_POOL_CONNECTIONS.name}{{{SERVICES},state="used"}})'
    return f"{used} / sum by (app) ({DB_POOL_MAX.name}{{{SERVICES}}})"
