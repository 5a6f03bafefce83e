"""The dashboards and data sources as resources of a cluster: for Grafana's sidecar, and for the Grafana operator.

The sidecar of Grafana's Helm chart loads every ConfigMap with the label `grafana_dashboard`; the operator loads
`GrafanaDashboard` resources, which name the same ConfigMaps. Source: grafana.github.io/grafana-operator, API v1beta1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.grafana.provisioning import FOLDER, Addresses, datasources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMESPACE: Final = "monitoring"
# As the charts of the Prometheus operator, Loki and Jaeger call them in that namespace.
IN_THE_CLUSTER: Final = Addresses(
    prometheus=f"http://prometheus-operated.{NAMESPACE}.svc.cluster.local:9090",
    alertmanager=f"http://alertmanager-operated.{NAMESPACE}.svc.cluster.local:9093",
    loki=f"http://loki.{NAMESPACE}.svc.cluster.local:3100",
    jaeger=f"http://jaeger.{NAMESPACE}.svc.cluster.local:16686",
)
_SCRAPE_INTERVAL_S: Final = 15
_INSTANCE: Final = {"instanceSelector": {"matchLabels": {"dashboards": "grafana"}}}
_API: Final = "grafana.integreatly.org/v1beta1"


def dashboard(uid: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield a dashboard's ConfigMap, and the operator's resource that names it."""
    name, key = f"dashboard-{uid}", f"{uid}.json"
    labels = {"grafana_dashboard": "1", "app.kubernetes.io/part-of": "titanium"}
    meta = {**_metadata(name, labels), "annotations": {"grafana_folder": FOLDER}}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {key: text}}
    spec = {**_INSTANCE, "folderRef": "titanium", "configMapRef": {"name": name, "key": key}}
    yield {"apiVersion": _API, "kind": "GrafanaDashboard", "metadata": _metadata(uid), "spec": spec}


def sources() -> Iterator[dict[str, Any]]:
    """Yield the folder and the data sources."""
    folder = {**_INSTANCE, "title": FOLDER, "uid": "titanium"}
    yield {"apiVersion": _API, "kind": "GrafanaFolder", "metadata": _metadata("titanium"), "spec": folder}
    for source in datasources(IN_THE_CLUSTER, scrape_interval_s=_SCRAPE_INTERVAL_S):
        spec = {**_INSTANCE, "uid": source["uid"], "datasource": source}
        yield {"apiVersion": _API, "kind": "GrafanaDatasource", "metadata": _metadata(source["uid"]), "spec": spec}


def _metadata(name: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": dict(labels or {"app.kubernetes.io/part-of": "titanium"})}
