"""SLO: one objective from its budget down to its alerts."""

from __future__ import annotations

from dashboards.boards.common import BUDGET, BURN, firing_alerts, releases
from dashboards.grafana import variables
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import RED, Look, heatmap, link, stat, table, timeseries
from dashboards.grafana.queries import Query
from slo.links import runbook_url
from slo.rules import names

_THIS = f'{names.SLO}="$slo"'
_RATE_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="slo",
        title="SLO",
        description="One objective: how much budget is left, where it goes, and what would wake somebody.",
        since="6h",
        annotations=(releases(),),
        variables=(
            variables.label_values("slo", "SLO", f"label_values({names.INFO}, slo)", first="gateway-availability"),
        ),
        rows=(
            _all_right(),
            _where_it_goes(),
            _hours(),
            _alerting(),
        ),
    )


def _all_right() -> Row:
    return row(
        "Are users all right, by this objective?",
        stat(
            "budget",
            "Budget left",
            "What is left of the period's error budget.",
            BUDGET,
            Query(f"{names.BUDGET_REMAINING}{{{_THIS}}}", "left"),
            width=6,
        ),
        stat(
            "sli",
            "Good in the period",
            "The share of good events in the period, weighted by traffic.",
            Look(unit="percentunit", decimals=3),
            Query(f"{names.PERIOD_SLI}{{{_THIS}}}", "good"),
            width=6,
        ),
        stat(
            "objective",
            "Promised",
            "The share that was promised.",
            Look(unit="percentunit", decimals=3),
            Query(f"{names.OBJECTIVE}{{{_THIS}}}", "promised"),
            width=6,
            spark=False,
        ),
        stat(
            "burn",
            "Burn rate now",
            "Over the last hour; 1 uses the budget up just at the period's end.",
            BURN,
            Query(f"{names.BURN_RATE}{{{_THIS}}}", "burn rate"),
            width=6,
            links=(link("Runbook", runbook_url("$slo")),),
        ),
    )


def _where_it_goes() -> Row:
    return row(
        "Where does the budget go?",
        timeseries(
            "budget-over-time",
            "Budget over time",
            "A steep fall is an incident, a slope is a defect.",
            BUDGET,
            Query(f"{names.BUDGET_REMAINING}{{{_THIS}}}", "left"),
        ),
        timeseries(
            "burn-rates",
            "Burn rate by window",
            "Long windows say that it matters, short ones that it is still going on. Alerts need one of each.",
            BURN,
            *(Query(_burn(window), window) for window in _RATE_WINDOWS),
        ),
        timeseries(
            "errors",
            "Bad events",
            "Bad events per second over the last five minutes.",
            Look(unit="cps", least=0, base=RED),
            Query(f"{names.errors('5m')}{{{_THIS}}}", "bad"),
        ),
        timeseries(
            "total",
            "All events",
            "All events per second over the last five minutes.",
            Look(unit="cps", least=0),
            Query(f"{names.total('5m')}{{{_THIS}}}", "all"),
        ),
    )


def _hours() -> Row:
    return row(
        "Which hours were bad, and how slow was it?",
        heatmap(
            "latency-heatmap",
            "Latency at the ingress",
            "Requests per second in each bucket of Istio's histogram: a second band is a second population.",
            Query(
                'sum by (le) (rate(istio_request_duration_milliseconds_bucket{reporter="source",'
                'job="envoy-stats",source_workload="istio-ingressgateway"}[$__rate_interval]))',
                "{{le}}",
                format="heatmap",
            ),
            unit="ms",
        ),
        timeseries(
            "error-share",
            "Share of bad events",
            "Compare it with what the objective allows: the line `allowed`.",
            Look(unit="percentunit", least=0, decimals=2),
            Query(_bad_share("5m"), "bad"),
            Query(f"1 - {names.OBJECTIVE}{{{_THIS}}}", "allowed"),
        ),
    )


def _alerting() -> Row:
    return row(
        "What is being alerted, and what was promised by whom?",
        firing_alerts("alerts", f"{_THIS}", "Alerts of this objective", "Empty is good."),
        table(
            "facts",
            "All objectives",
            "Objective, period, owner, as the SLO files say.",
            Look(unit="none"),
            Query(f'{names.INFO}{{slo!=""}}', instant=True, format="table"),
            columns={
                "slo": "SLO",
                "display_name": "Promise",
                "objective": "Objective",
                "window": "Period",
                "owner": "Owner",
                "method": "Counted by",
            },
        ),
    )


def _bad_share(window: str) -> str:
    return f"{names.errors(window)}{{{_THIS}}} / ({names.total(window)}{{{_THIS}}} > 0)"


def _burn(window: str) -> str:
    """Return the burn rate over a window: the share of bad events as a multiple of what the objective allows."""
    return f"{_bad_share(window)} / on ({names.SLO}) (1 - {names.OBJECTIVE}{{{_THIS}}})"
