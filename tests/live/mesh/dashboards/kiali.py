"""What Kiali asks of Prometheus for its traffic graph, and how it reads the answers, in this project's own words.

Read from Kiali's repository (graph/telemetry/istio, Apache-2.0, the state of 2025); none of its text is here. A
namespace's graph comes from what its workloads receive, told by the servers' proxies, what they send, told by the
clients', and requests for it that reached no workload. Kiali throws away series that miss a label, and series of a
known namespace whose workload or cluster is unknown: they do not make an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOW_S: Final = 60

SOURCE: Final = ("cluster", "workload_namespace", "workload", "canonical_service", "canonical_revision")
DESTINATION: Final = (
    "cluster",
    "service_namespace",
    "service",
    "service_name",
    "workload_namespace",
    "workload",
    "canonical_service",
    "canonical_revision",
)
ENDS: Final = (*(f"source_{name}" for name in SOURCE), *(f"destination_{name}" for name in DESTINATION))
"""The labels that make an edge; Kiali needs every one of them, the clusters excepted."""

REQUEST: Final = ("request_protocol", "response_code", "grpc_response_status", "response_flags")
PRINCIPALS: Final = ("source_principal", "destination_principal", "connection_security_policy")

TCP_METRICS: Final = ("istio_tcp_received_bytes_total", "istio_tcp_sent_bytes_total")


@dataclass(frozen=True, order=True)
class Edge:
    source: str
    destination: str
    protocol: str


def traffic(namespace: str, metric: str) -> list[str]:
    """Return the three questions about a namespace's traffic: to nobody, to its workloads, from its workloads."""
    tcp = metric in TCP_METRICS
    # Telemetry of ambient nodes is kept out by the label of the scraped pod.
    scope = 'app!="ztunnel", ' if tcp else ""
    by = [*ENDS, "app", "response_flags"] if tcp else [*ENDS, *REQUEST]
    nobody = (
        f'reporter="source", source_workload_namespace!="{namespace}", destination_workload="unknown", '
        rf'destination_workload_namespace="unknown", destination_service=~"^.+\\.{namespace}\\..+$"'
    )
    received = f'reporter="destination", destination_workload_namespace="{namespace}"'
    sent = f'reporter="source", source_workload_namespace="{namespace}"'
    return [f"{_rate(metric, scope + selection, by)} > 0" for selection in (nobody, received, sent)]


def security(namespace: str) -> list[str]:
    """Return the two questions about mutual TLS: callers from outside the namespace, and from inside."""
    by = [*(name for name in ENDS if name != "destination_service"), *PRINCIPALS]
    outside = f'source_workload_namespace!="{namespace}", destination_service_namespace="{namespace}"'
    inside = f'source_workload_namespace="{namespace}"'
    metrics = ("istio_requests_total", *TCP_METRICS)
    return [
        " or ".join(f'({_rate(metric, f"""reporter="destination", {selection}""", by)} > 0)' for metric in metrics)
        for selection in (outside, inside)
    ]


def response_time(namespace: str, quantile: float) -> list[str]:
    """Return the two questions about latency: requests to the namespace's services, requests of its workloads."""
    by = ["le", *ENDS, "request_protocol"]
    selections = (
        f'reporter=~"destination|waypoint", destination_service_namespace="{namespace}"',
        f'reporter=~"source|waypoint", source_workload_namespace="{namespace}"',
    )
    metric = "istio_request_duration_milliseconds_bucket"
    return [f"histogram_quantile({quantile}, {_rate(metric, one, by)}) > 0" for one in selections]


def throughput(namespace: str, what: str) -> list[str]:
    """Return the two questions about the bytes of requests (told by clients) or responses (told by servers)."""
    reporter = "source" if what == "request" else "destination"
    selections = (
        f'reporter="{reporter}", source_workload_namespace!="{namespace}", destination_service_namespace="{namespace}"',
        f'reporter="{reporter}", source_workload_namespace="{namespace}"',
    )
    return [f"{_rate(f'istio_{what}_bytes_sum', one, ENDS)} > 0" for one in selections]


def edge(labels: Mapping[str, str], protocol: str) -> Edge | None:
    """Return the edge that Kiali draws for a series; None when it skips the series."""
    needed = [name for name in ENDS if not name.endswith("_cluster")]
    if any(not labels.get(name) for name in needed):
        return None
    if _is_bad(labels, "source_workload_namespace", "source") or _is_bad(labels, "destination_service_namespace", ""):
        return None
    return Edge(
        f"{labels['source_workload']}.{labels['source_workload_namespace']}",
        f"{labels['destination_workload']}.{labels['destination_workload_namespace']}",
        labels.get("request_protocol", protocol),
    )


def _is_bad(labels: Mapping[str, str], namespace: str, side: str) -> bool:
    """Return whether a series knows a namespace but not what is in it."""
    if labels[namespace] == "unknown":
        return False
    if side == "source":
        unnamed = labels["source_workload"] == "unknown" and labels["source_canonical_service"] == "unknown"
        return unnamed or labels.get("source_cluster") == "unknown"
    return labels.get("destination_cluster") == "unknown" and labels.get("source_cluster") == "unknown"


def _rate(metric: str, selection: str, by: list[str] | tuple[str, ...]) -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}{{{selection}}}[{WINDOW_S}s]))"
