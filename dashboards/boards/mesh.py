"""Mesh: who talks to whom, whether it is encrypted, and how calls end.

It asks Istio's metrics only, so that it works in a cluster, too: a real sidecar does not export `envoy_cluster_*`.
"""

from __future__ import annotations

from dashboards.boards.common import DURATION_MS, FAILED, REQUESTS, SHARE_OF_ERRORS, releases
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, GREEN, RED, Look, node_graph, stat, table, timeseries
from dashboards.grafana.queries import Query, quantile, rate, share
from services.common.telemetry.workbench import CERTIFICATE_NOT_AFTER

_SOURCE = 'job="envoy-stats",reporter="source"'
_DESTINATION = 'job="envoy-stats",reporter="destination"'
_EDGE = "source_workload, destination_workload"
_EDGE_NAME = "{{source_workload}} → {{destination_workload}}"


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="mesh",
        title="Mesh",
        description="Who talks to whom, encrypted or not, and how the calls end, by the proxies' own count.",
        annotations=(releases(),),
        rows=(_all_right(), _graph(), _ends(), _bytes()),
    )


def _all_right() -> Row:
    total, failed = rate(REQUESTS, _SOURCE), rate(REQUESTS, f"{_SOURCE},{FAILED}")
    mtls = rate(REQUESTS, f'{_DESTINATION},connection_security_policy="mutual_tls",source_workload!="unknown"')
    inside = rate(REQUESTS, f'{_DESTINATION},source_workload!="unknown"')
    return row(
        "Are users all right, and is every call inside encrypted?",
        stat(
            "requests",
            "Calls",
            "Calls per second between workloads, the ingress included.",
            Look(unit="reqps", decimals=1),
            Query(total, "calls"),
            width=6,
        ),
        stat(
            "errors",
            "Failed calls",
            "Share of calls that were answered with 5xx or not at all.",
            SHARE_OF_ERRORS,
            Query(share(failed, total), "failed"),
            width=6,
        ),
        stat(
            "mtls",
            "Mutual TLS",
            "Share of the calls between workloads that came by mutual TLS; less than 100 % is a hole.",
            Look(unit="percentunit", base=RED, steps=((0.9999, GREEN),), decimals=2, most=1),
            Query(share(mtls, inside), "mutual TLS"),
            width=6,
        ),
        stat(
            "certificates",
            "First certificate expires in",
            "The shortest time that any proxy's certificate still holds. They are rotated well before it ends.",
            Look(unit="s", base=RED, steps=((3600, AMBER), (36000, GREEN))),
            Query(_certificates_left(), "left"),
            width=6,
        ),
    )


def _graph() -> Row:
    edges = _named_edges(f"sum by ({_EDGE}) (rate({REQUESTS}{{{_SOURCE}}}[$__rate_interval]))")
    return row(
        "Who talks to whom?",
        node_graph(
            "graph",
            "Calls per second",
            "Workloads and the calls between them, counted where they were made.",
            Query(_nodes(), instant=True, format="table", ref="nodes"),
            Query(edges, instant=True, format="table", ref="edges"),
        ),
        table(
            "edges",
            "Every connection",
            "Calls per second, failed share and P95 of each pair.",
            Look(unit="none", decimals=3),
            Query(rate(REQUESTS, _SOURCE, _EDGE), instant=True, format="table"),
            Query(
                share(rate(REQUESTS, f"{_SOURCE},{FAILED}", _EDGE), rate(REQUESTS, _SOURCE, _EDGE)),
                instant=True,
                format="table",
            ),
            Query(quantile(0.95, DURATION_MS, _SOURCE, _EDGE), instant=True, format="table"),
            columns={
                "source_workload": "From",
                "destination_workload": "To",
                "Value #A": "Calls/s",
                "Value #B": "Failed share",
                "Value #C": "P95 ms",
            },
            width=24,
        ),
    )


def _ends() -> Row:
    return row(
        "How do calls end?",
        timeseries(
            "codes",
            "Answers by code",
            "Calls per second by response code; 0 is no answer.",
            Look(unit="reqps", least=0),
            Query(rate(REQUESTS, _SOURCE, "response_code"), "{{response_code}}"),
            stacked=True,
        ),
        timeseries(
            "flags",
            "Response flags",
            "Calls per second that a proxy cut, retried in vain or answered itself. "
            "UF, URX: connection failed; UT: time-out; UO: pool overflow; DI, FI: injected; DC: the caller went.",
            Look(unit="reqps", least=0, steps=((0.01, AMBER),)),
            Query(
                rate(REQUESTS, f'{_SOURCE},response_flags!="-"', "response_flags, destination_workload"),
                "{{response_flags}} to {{destination_workload}}",
            ),
        ),
        timeseries(
            "latency",
            "P95 by connection",
            "95 % of a pair's calls were quicker, as the caller saw it.",
            Look(unit="ms", least=0),
            Query(quantile(0.95, DURATION_MS, _SOURCE, _EDGE), _EDGE_NAME),
        ),
        timeseries(
            "overhead",
            "What the mesh adds",
            "P95 at the caller's proxy minus P95 at the callee's: two proxies and the way between.",
            Look(unit="ms"),
            Query(_overhead(), "{{destination_workload}}"),
        ),
    )


def _bytes() -> Row:
    return row(
        "What goes to the databases?",
        timeseries(
            "tcp-sent",
            "TCP bytes sent",
            "To PostgreSQL and Valkey, by workload; counted every 5 s while a connection is open.",
            Look(unit="Bps", least=0),
            Query(
                rate("istio_tcp_sent_bytes_total", _SOURCE, "source_workload, destination_service_name"),
                "{{source_workload}} → {{destination_service_name}}",
            ),
        ),
        timeseries(
            "tcp-connections",
            "TCP connections opened",
            "New connections per second: a pool that works opens hardly any.",
            Look(unit="cps", least=0),
            Query(
                rate("istio_tcp_connections_opened_total", _SOURCE, "source_workload, destination_service_name"),
                "{{source_workload}} → {{destination_service_name}}",
            ),
        ),
    )


def _named_edges(query: str) -> str:
    """Return a query whose series have the fields that Grafana's node graph reads: id, source, target."""
    source = f'label_replace({query}, "source", "$1", "source_workload", "(.+)")'
    both = f'label_replace({source}, "target", "$1", "destination_workload", "(.+)")'
    return f'label_join({both}, "id", " to ", "source", "target")'


def _nodes() -> str:
    """Return one series a workload, whether it calls or is called."""
    rates = f"rate({REQUESTS}{{{_SOURCE}}}[$__rate_interval])"
    called = f'label_replace(sum by (destination_workload) ({rates}), "id", "$1", "destination_workload", "(.+)")'
    calls = f'label_replace(sum by (source_workload) ({rates}), "id", "$1", "source_workload", "(.+)")'
    either = f"max by (id) ({called}) or max by (id) ({calls})"
    return f'label_replace({either}, "title", "$1", "id", "(.+)")'


def _certificates_left() -> str:
    """Return the shortest life left: as Istio's agent says it in a cluster, or as the local rotation publishes it."""
    local = f'min({CERTIFICATE_NOT_AFTER.name}{{job="node"}}) - time()'
    return f'min(istio_agent_cert_expiry_seconds{{job="envoy-stats"}}) or {local}'


def _overhead() -> str:
    by = "destination_workload"
    source = quantile(0.95, DURATION_MS, f'{_SOURCE},destination_workload!="unknown"', by)
    return f"{source} - {quantile(0.95, DURATION_MS, _DESTINATION, by)}"
