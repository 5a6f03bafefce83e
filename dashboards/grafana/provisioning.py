"""What a Grafana is told when it starts: where the data is, how one finding leads to the next, and the dashboards.

From a dot on a latency panel (an exemplar) to its trace, from a trace's span to the lines that were logged in it, from
a line back to its trace, from a span to its service's metrics. Source: grafana.com/docs, "Provision Grafana", and the
data sources' pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.common.telemetry.registry import LogField, LokiLabel

PROMETHEUS: Final = "prometheus"
LOKI: Final = "loki"
JAEGER: Final = "jaeger"
ALERTMANAGER: Final = "alertmanager"
FOLDER: Final = "Titanium"
_TRACE_ID: Final = LogField.TRACE_ID.value


@dataclass(frozen=True)
class Addresses:
    """Where the servers are; an optional one that is not there is None."""

    prometheus: str
    alertmanager: str
    loki: str | None = None
    jaeger: str | None = None


def datasources(addresses: Addresses, *, scrape_interval_s: int) -> list[dict[str, Any]]:
    """Return the data sources, with uids that dashboards and their links rely on."""
    found = [_prometheus(addresses, scrape_interval_s), _alertmanager(addresses.alertmanager)]
    if addresses.loki is not None:
        found.append(_loki(addresses.loki, traces=addresses.jaeger is not None))
    if addresses.jaeger is not None:
        found.append(_jaeger(addresses.jaeger, logs=addresses.loki is not None))
    return found


def datasource_file(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the file for `provisioning/datasources`."""
    return {"apiVersion": 1, "prune": True, "datasources": sources}


def dashboard_file(folder: str) -> dict[str, Any]:
    """Return the file for `provisioning/dashboards`: every JSON file of a folder, not to be changed by hand."""
    provider = {
        "name": "titanium",
        "folder": FOLDER,
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": folder},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _source(uid: str, url: str, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "uid": uid, "name": uid, "type": uid, "url": url, "access": "proxy", "editable": False, "jsonData": settings,
    }  # fmt: skip


def _prometheus(addresses: Addresses, scrape_interval_s: int) -> dict[str, Any]:
    exemplars = [{"name": _TRACE_ID, "datasourceUid": JAEGER}] if addresses.jaeger is not None else []
    source = _source(
        PROMETHEUS,
        addresses.prometheus,
        httpMethod="POST",
        timeInterval=f"{scrape_interval_s}s",
        exemplarTraceIdDestinations=exemplars,
    )
    return source | {"isDefault": True}


def _alertmanager(url: str) -> dict[str, Any]:
    return _source(ALERTMANAGER, url, implementation=PROMETHEUS, handleGrafanaManagedAlerts=False)


def _loki(url: str, *, traces: bool) -> dict[str, Any]:
    to_trace = {
        "name": _TRACE_ID, "matcherType": "label", "matcherRegex": _TRACE_ID, "url": "${__value.raw}",
        "datasourceUid": JAEGER, "urlDisplayLabel": "Trace",
    }  # fmt: skip
    return _source(LOKI, url, derivedFields=[to_trace] if traces else [])


def _jaeger(url: str, *, logs: bool) -> dict[str, Any]:
    to_logs = {
        "datasourceUid": LOKI,
        "filterByTraceID": True,
        "spanStartTimeShift": "-1m",
        "spanEndTimeShift": "1m",
        "tags": [{"key": "service.name", "value": LokiLabel.SERVICE.value}],
    }
    to_metrics = {"datasourceUid": PROMETHEUS, "tags": [{"key": "service.name", "value": "app"}]}
    more = {"tracesToLogsV2": to_logs} if logs else {}
    return _source(JAEGER, url, nodeGraph={"enabled": True}, tracesToMetrics=to_metrics, **more)
