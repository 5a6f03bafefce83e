"""The bootstrap of one Envoy: who it is, where its configuration lies, its admin interface and its metrics port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.mesh.envoy import extension
from workbench.mesh.local import tcp_bytes
from workbench.mesh.local.labels import CLUSTER_ID
from workbench.mesh.local.metrics import SCOPE, histogram_buckets
from workbench.mesh.local.placement import LOOPBACK, Placement
from workbench.mesh.model import Json, Proxy, ProxyRole

if TYPE_CHECKING:
    from workbench.mesh.local.files import Files

STATS_PATH: Final = "/stats/prometheus"
# What the metrics port shows: Istio's metrics, proof of faults, and the proxy's own state. A real sidecar does not
# export the statistics of application clusters either.
_SHOWN: Final = rf"(^{SCOPE}|{tcp_bytes.SHOWN}|\.fault\.|^server\.|^cluster_manager\.|^listener_manager\.|^overload\.)"
_HEAP_BYTES: Final = 256 * 1024 * 1024
_CONNECTIONS: Final = 10_000
_ADMIN_CLUSTER: Final = "prometheus_stats"


def render_bootstrap(proxy: Proxy, placement: Placement, files: Files) -> Json:
    """Return the bootstrap as JSON."""
    admin = placement.admin(proxy)
    return {
        "node": _node(proxy),
        "admin": {"address": socket_address(admin)},
        "stats_flush_interval": "1s",
        "stats_config": {**histogram_buckets(), "stats_tags": tcp_bytes.stats_tags()},
        "dynamic_resources": {
            "lds_config": files.source("lds", "listeners"),
            "cds_config": files.source("cds", "clusters"),
        },
        "static_resources": {
            "listeners": [_stats_listener(placement.stats(proxy))],
            "clusters": [_admin_cluster(admin)],
        },
        "overload_manager": _overload_manager(),
    }


def socket_address(port: int, host: str = LOOPBACK) -> Json:
    """Return an address of this machine."""
    return {"socket_address": {"address": host, "port_value": port}}


def _node(proxy: Proxy) -> Json:
    workload = proxy.workload
    role = "router" if proxy.role is ProxyRole.GATEWAY else "sidecar"
    return {
        "id": f"{role}~{LOOPBACK}~{workload.name}.{workload.namespace}~{workload.namespace}.svc.cluster.local",
        "cluster": f"{workload.canonical_service}.{workload.namespace}",
        "metadata": {
            "NAME": f"{workload.name}-0",
            "WORKLOAD_NAME": workload.name,
            "NAMESPACE": workload.namespace,
            "SERVICE_ACCOUNT": workload.service_account,
            "PRINCIPAL": workload.principal,
            "LABELS": dict(workload.labels),
            "CLUSTER_ID": CLUSTER_ID,
            "MESH_ID": "cluster.local",
        },
    }


def _stats_listener(port: int) -> Json:
    # Envoy documents this form: a query in `prefix_rewrite` reaches the admin interface as a query. What was never
    # counted is left out: bytes of a service that this workload never calls would show an edge that is not there.
    query = f"usedonly&filter={_SHOWN.replace('^', '%5E')}"
    route = {"cluster": _ADMIN_CLUSTER, "prefix_rewrite": f"{STATS_PATH}?{query}"}
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="stats",
        route_config={
            "virtual_hosts": [
                {
                    "name": "stats",
                    "domains": ["*"],
                    "routes": [{"match": {"path": STATS_PATH}, "route": route}],
                }
            ]
        },
        http_filters=[extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")],
    )
    return {"name": "stats", "address": socket_address(port), "filter_chains": [{"filters": [manager]}]}


def _admin_cluster(port: int) -> Json:
    endpoint = {"endpoint": {"address": socket_address(port)}}
    return {
        "name": _ADMIN_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": _ADMIN_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _overload_manager() -> Json:
    heap = "envoy.resource_monitors.fixed_heap"
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "refresh_interval": "1s",
        "resource_monitors": [
            extension(
                heap,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=_HEAP_BYTES,
            ),
            extension(
                connections,
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=_CONNECTIONS,
            ),
        ],
        "actions": [
            {
                "name": "envoy.overload_actions.shrink_heap",
                "triggers": [{"name": heap, "threshold": {"value": 0.9}}],
            },
            {
                "name": "envoy.overload_actions.stop_accepting_requests",
                "triggers": [{"name": heap, "threshold": {"value": 0.98}}],
            },
        ],
    }
