"""What several dashboards share: who asks whom, the release annotation, panels that must look the same everywhere."""

from __future__ import annotations

from typing import Any, Final

from dashboards.grafana.panels import AMBER, RED, Look, Piece, table
from dashboards.grafana.queries import Query, Source
from services.common.telemetry.registry import BUILD_INFO

REQUESTS: Final = "istio_requests_total"
DURATION_MS: Final = "istio_request_duration_milliseconds"
# The platform's users: what the ingress sent to the gateway, as the ingress saw it.
AT_THE_INGRESS: Final = 'reporter="source",job="envoy-stats",source_workload="istio-ingressgateway"'
# 5xx, and what got no answer at all: Istio writes response code 0.
FAILED: Final = 'response_code=~"5..|0"'
SERVICES: Final = 'job="services"'

BUDGET: Final = Look(unit="percentunit", base=RED, steps=((0.0, AMBER), (0.25, "green")), decimals=1, most=1.0)
# 1 uses the budget up just at the period's end; 14.4 is the SRE workbook's page (2 % of 30 days in an hour).
BURN: Final = Look(unit="none", steps=((1.0, AMBER), (14.4, RED)), least=0.0, decimals=2)
SHARE_OF_ERRORS: Final = Look(unit="percentunit", steps=((0.001, AMBER), (0.005, RED)), least=0.0, decimals=2)


def releases() -> dict[str, Any]:
    """Return the annotation that marks where a new version came up."""
    return {
        "datasource": Source.METRICS.reference,
        "enable": True,
        "hide": False,
        "iconColor": "blue",
        "name": "Releases",
        "expr": f"sum by (app, service_version) ({BUILD_INFO.name}{{{SERVICES}}}"
        f" unless {BUILD_INFO.name}{{{SERVICES}}} offset 1m)",
        "titleFormat": "{{app}} {{service_version}}",
        "step": "30s",
    }


def firing_alerts(name: str, matchers: str, title: str, description: str, *, width: int = 12) -> Piece:
    """Return the alerts that fire now, the most severe first."""
    query = Query(
        f'sum by (alertname, severity, slo, app, service) (ALERTS{{alertstate="firing",{matchers}}})',
        instant=True,
        format="table",
    )
    columns = {"severity": "Severity", "alertname": "Alert", "slo": "SLO", "app": "Workload", "service": "Service"}
    return table(name, title, description, Look(unit="none"), query, columns=columns, width=width, height=8)
