"""The projection: what istiod would push to a proxy in a pod, made to run on loopback ports. Pure.

Names of clusters, routes, listeners and statistics stay Istio's. What changes: listeners that intercept connections
become listeners on ports of their own (a caller uses the outbound one as an HTTP proxy), endpoints are the loopback
ports of the other sidecars, the application is a static address, and every `get it from the control plane` becomes
`read this file`. What needs interception has no meaning here and is left out: `virtualOutbound`, the inbound
catch-alls, and destinations outside of the mesh (PassthroughCluster, which has no endpoint here: 503, flag UH).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from workbench.mesh.envoy import extension, given
from workbench.mesh.errors import UnsupportedError
from workbench.mesh.local.bootstrap import render_bootstrap, socket_address
from workbench.mesh.local.labels import (
    CLUSTER_ID,
    IS_USUAL,
    LOCAL_METADATA,
    attributes,
    caller_labels,
    destination_tags,
    open_connection_labels,
    source_tags,
    state_key,
    usual_source_tags,
)
from workbench.mesh.local.metrics import Labelled, connection_loggers, request_loggers
from workbench.mesh.local.placement import HTTP_PORT, TRACE_BACKEND, Placement
from workbench.mesh.local.tcp_bytes import stat_prefix
from workbench.mesh.model import Endpoint, Json, Proxy, ProxyConfig, ProxyRole, Workload

if TYPE_CHECKING:
    from workbench.mesh.local.files import Files

SECRETS: Final = frozenset({"default", "ROOTCA"})
"""The names under which certificates are served: the proxy's own, and the mesh's root."""

_PASSTHROUGHS: Final = frozenset({"PassthroughCluster", "InboundPassthroughCluster"})
_INBOUND: Final = "virtualInbound"
_OUTBOUND: Final = "virtualOutbound"
_MANAGER: Final = "envoy.filters.network.http_connection_manager"
_TCP_PROXY: Final = "envoy.filters.network.tcp_proxy"
_LISTENER_KEPT: Final = ("name", "traffic_direction", "access_log")
_ORIGINAL_DESTINATION: Final = ("cleanup_interval", "lb_policy", "upstream_bind_config", "common_lb_config")

_Tree = TypeVar("_Tree")
"""Any node of a JSON tree: what a transformation returns has the shape of what it got."""


@dataclass(frozen=True)
class LocalConfig:
    """Everything that one Envoy reads but certificates: bootstrap, listeners, clusters, and routes by name."""

    bootstrap: Json
    listeners: list[Json]
    clusters: list[Json]
    routes: dict[str, Json]


@dataclass(frozen=True)
class _Scene:
    """Whose configuration is projected, onto what, and who else is in the mesh."""

    proxy: Proxy
    config: ProxyConfig
    placement: Placement
    files: Files
    peers: tuple[Workload, ...]


def project(
    proxy: Proxy, config: ProxyConfig, *, placement: Placement, files: Files, peers: tuple[Workload, ...]
) -> LocalConfig:
    """Return the proxy's configuration for this machine; `peers` are the workloads that have an identity.

    Raises MeshConfigError (UnsupportedError where the shape is at fault) that names what has no place here.
    """
    scene = _Scene(proxy, config, placement, files, peers)
    return LocalConfig(
        bootstrap=render_bootstrap(proxy, placement, files),
        listeners=[_listener(scene, one) for one in config.listeners.values() if _has_a_place(scene, one)],
        clusters=[_cluster(scene, one) for name, one in config.clusters.items() if name != "InboundPassthroughCluster"],
        # No listener asks for the routes of a port that has no place here, so that no proxy would ever take them over.
        routes={name: _routes(one) for name, one in config.routes.items() if name not in _trace_ports(scene)},
    )


def _has_a_place(scene: _Scene, listener: Json) -> bool:
    """Tell listeners that are run here from those for traffic that applications here never send."""
    return listener["name"] not in {_OUTBOUND, *(f"0.0.0.0_{port}" for port in _trace_ports(scene))}


def _trace_ports(scene: _Scene) -> set[str]:
    services = [
        (service, name)
        for name, cluster in scene.config.clusters.items()
        for service in cluster.get("metadata", {}).get("filter_metadata", {}).get("istio", {}).get("services", [])
    ]
    return {name.split("|")[1] for service, name in services if service["name"] == TRACE_BACKEND}


def _listener(scene: _Scene, listener: Json) -> Json:
    kept: Json = {key: listener[key] for key in _LISTENER_KEPT if key in listener}
    if listener["name"] == _INBOUND:
        return {**kept, **_inbound(scene, listener)}
    chain, port = _only_chain(listener), int(listener["address"]["socket_address"]["port_value"])
    name = str(chain["filters"][-1]["name"])
    if name == _MANAGER:
        return {**kept, "address": socket_address(_http_place(scene, port)), "filter_chains": [_source(scene, chain)]}
    service = _service_of(scene, str(chain["filters"][-1]["typed_config"]["cluster"]))
    place = scene.placement.outbound_tcp(scene.proxy, str(service["name"]))
    return {**kept, "address": socket_address(place), "filter_chains": [_source(scene, chain)]}


def _only_chain(listener: Json) -> Json:
    chains = listener["filter_chains"]
    if len(chains) != 1 or "transport_socket" in chains[0]:
        raise UnsupportedError(f"listener {listener['name']}: TLS or several filter chains have no place on loopback")
    # The match tells HTTP from other bytes on an intercepted port; on a port of its own there is nothing to tell.
    return {key: value for key, value in chains[0].items() if key != "filter_chain_match"}


def _http_place(scene: _Scene, port: int) -> int:
    if port != HTTP_PORT:
        raise UnsupportedError(
            f"{scene.proxy.workload.name}: HTTP port {port} of a Service or Gateway has no place on this machine",
            hint=f"only port {HTTP_PORT} has one",
        )
    if scene.proxy.role is ProxyRole.GATEWAY:
        return scene.placement.ports.ingress
    return scene.placement.block(scene.proxy.workload).outbound


def _service_of(scene: _Scene, cluster: str) -> Json:
    service: Json = scene.config.clusters[cluster]["metadata"]["filter_metadata"]["istio"]["services"][0]
    return service


def _source(scene: _Scene, chain: Json) -> Json:
    workload = scene.proxy.workload
    variants = [
        Labelled(usual_source_tags(workload), IS_USUAL),
        Labelled(source_tags(workload), f"!({IS_USUAL})"),
    ]
    return _with_filters(scene, chain, variants)


def _inbound(scene: _Scene, listener: Json) -> Json:
    target, chains = _served(scene, listener)
    local = scene.placement.block(scene.proxy.workload).inbound
    service = _service_of(scene, f"inbound|{target}||")
    variants = [Labelled(destination_tags(scene.proxy.workload, service))]
    return {
        "address": socket_address(local),
        "listener_filters": [
            {key: value for key, value in one.items() if key != "filter_disabled"}
            for one in listener["listener_filters"]
            if one["name"] != "envoy.filters.listener.original_dst"
        ],
        "filter_chains": [
            _replaced_port(_with_filters(scene, _remembering(scene, _without_port(chain)), variants), target, local)
            for chain in chains
        ],
    }


def _served(scene: _Scene, listener: Json) -> tuple[int, list[Json]]:
    chains = [one for one in listener["filter_chains"] if str(one["name"]).startswith("0.0.0.0_")]
    ports = sorted({int(one["filter_chain_match"]["destination_port"]) for one in chains})
    if len(ports) != 1:
        raise UnsupportedError(
            f"workload {scene.proxy.workload.name} is served on the ports {ports}; this machine has a place for one"
        )
    return ports[0], chains


def _remembering(scene: _Scene, chain: Json) -> Json:
    """Put a filter first that finds the labels of the caller, so that refused requests have them, too."""
    values = [
        {
            "object_key": state_key(label),
            "factory_key": "envoy.string",
            "format_string": {"text_format_source": {"inline_string": value}},
        }
        for label, value in caller_labels(scene.peers).items()
    ]
    first = extension(
        "envoy.filters.http.set_filter_state",
        "envoy.extensions.filters.http.set_filter_state.v3.Config",
        on_request_headers=values,
    )
    filters = [
        {
            **one,
            "typed_config": {**one["typed_config"], "http_filters": [first, *one["typed_config"]["http_filters"]]},
        }
        if one["name"] == _MANAGER
        else one
        for one in chain["filters"]
    ]
    return {**chain, "filters": filters}


def _without_port(chain: Json) -> Json:
    match = {key: value for key, value in chain["filter_chain_match"].items() if key != "destination_port"}
    return {**chain, "filter_chain_match": match}


def _replaced_port(node: _Tree, target: int, local: int) -> _Tree:
    """Let rules that ask for the pod's port (`destination.port`) see the port on which the sidecar listens here."""

    def value_of(key: str, value: object) -> object:
        return local if key == "destination_port" and value == target else _replaced_port(value, target, local)

    if isinstance(node, dict):
        return cast("_Tree", {key: value_of(key, value) for key, value in node.items()})
    if isinstance(node, list):
        return cast("_Tree", [_replaced_port(one, target, local) for one in node])
    return node


def _with_filters(scene: _Scene, chain: Json, variants: list[Labelled]) -> Json:
    filters = [_filter(scene, one, variants) for one in chain["filters"]]
    return _with_secrets(scene.files, {**chain, "filters": filters})


def _filter(scene: _Scene, one: Json, variants: list[Labelled]) -> Json:
    settings = one["typed_config"]
    logs = settings.get("access_log", [])
    if one["name"] == _MANAGER:
        rds = settings.get("rds")
        source = scene.files.source("rds", rds["route_config_name"]) if rds else None
        return {
            **one,
            "typed_config": {
                **settings,
                "access_log": [*logs, *request_loggers(variants)],
                **given(rds={**rds, "config_source": source} if rds else None),
            },
        }
    if one["name"] == _TCP_PROXY:
        tcp_tags = source_tags(scene.proxy.workload, tcp=True)
        loggers = [*_at_the_end(logs), *connection_loggers(tcp_tags)]
        counted: Json = {
            "stat_prefix": stat_prefix(_connection_labels(scene, str(settings["cluster"]))),
            "access_log": loggers,
            "access_log_options": {"flush_access_log_on_connected": True},
        }
        return {**one, "typed_config": {**settings, **counted}}
    return one


def _connection_labels(scene: _Scene, cluster: str) -> dict[str, str]:
    servers = [one.workload for one in scene.config.endpoints[cluster] if one.workload]
    return open_connection_labels(scene.proxy.workload, _service_of(scene, cluster), servers)


def _at_the_end(logs: list[Json]) -> list[Json]:
    """Keep one line a connection: flushing on connect, which the counters need, would log it twice."""
    ended = {"log_type_filter": {"types": ["TcpConnectionEnd"]}}
    return [
        {**one, "filter": {"and_filter": {"filters": [one["filter"], ended]}} if "filter" in one else ended}
        for one in logs
    ]


def _cluster(scene: _Scene, cluster: Json) -> Json:
    name = str(cluster["name"])
    if name in _PASSTHROUGHS:
        return {**_static(cluster), "load_assignment": {"cluster_name": name}}
    if cluster.get("type") == "ORIGINAL_DST":
        app = {"endpoint": {"address": socket_address(scene.placement.block(scene.proxy.workload).app)}}
        return {
            **_static(cluster),
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [app]}]},
        }
    if cluster.get("type") == "EDS":
        # Endpoints stand in the cluster: each file would cost Envoy one inotify instance, of which
        # Linux gives a user 128 (fs.inotify.max_user_instances), and Envoy aborts when there are no more.
        kept = {key: value for key, value in cluster.items() if key != "eds_cluster_config"}
        assignment = _assignment(scene, name, scene.config.endpoints[name])
        placed = {**kept, "type": "STATIC", "load_assignment": assignment, "metadata": _cluster_metadata(cluster)}
        return _with_secrets(scene.files, placed)
    return cluster


def _cluster_metadata(cluster: Json) -> Json:
    metadata = cluster["metadata"]["filter_metadata"]
    return {"filter_metadata": {**metadata, LOCAL_METADATA: metadata["istio"]["services"][0]}}


def _static(cluster: Json) -> Json:
    return {**{key: value for key, value in cluster.items() if key not in _ORIGINAL_DESTINATION}, "type": "STATIC"}


def _assignment(scene: _Scene, name: str, endpoints: list[Endpoint]) -> Json:
    found = [_lb_endpoint(scene, one) for one in endpoints]
    return {"cluster_name": name, **given(endpoints=[{"lb_endpoints": found}] if found else None)}


def _lb_endpoint(scene: _Scene, endpoint: Endpoint) -> Json:
    workload = endpoint.workload
    if workload is None:
        host, port = endpoint.address, endpoint.port
    else:
        host, port = scene.placement.endpoint(workload)
    return {
        "endpoint": {"address": socket_address(port, host)},
        "load_balancing_weight": endpoint.weight,
        "metadata": {"filter_metadata": _endpoint_metadata(endpoint)},
    }


def _endpoint_metadata(endpoint: Endpoint) -> Json:
    metadata: Json = {}
    if endpoint.tls:
        metadata["envoy.transport_socket_match"] = {"tlsMode": "istio"}
    workload = endpoint.workload
    if workload is not None:
        packed = (
            workload.name,
            workload.namespace,
            workload.canonical_service,
            workload.canonical_revision,
            CLUSTER_ID,
        )
        metadata["istio"] = {"workload": ";".join(packed)}
        metadata[LOCAL_METADATA] = attributes(workload)
    return metadata


def _routes(configuration: Json) -> Json:
    hosts = [
        {**host, "domains": [domain for domain in host["domains"] if not domain.startswith("CLUSTER_IP(")]}
        for host in configuration["virtual_hosts"]
    ]
    return {**configuration, "virtual_hosts": hosts}


def _with_secrets(files: Files, node: _Tree) -> _Tree:
    """Give every SDS reference the file that serves it."""
    if isinstance(node, list):
        return cast("_Tree", [_with_secrets(files, one) for one in node])
    if not isinstance(node, dict):
        return node
    changed: dict[str, Any] = {key: _with_secrets(files, value) for key, value in node.items()}
    own, root = "tls_certificate_sds_secret_configs", "validation_context_sds_secret_config"
    if own in changed:
        changed[own] = [_served_by(files, one) for one in changed[own]]
    if root in changed:
        changed[root] = _served_by(files, changed[root])
    return cast("_Tree", changed)


def _served_by(files: Files, secret: Json) -> Json:
    return {**secret, "sds_config": files.source("sds", _known(str(secret["name"])))}


def _known(name: str) -> str:
    if name not in SECRETS:
        raise UnsupportedError(f"certificate {name!r} has no source on this machine", hint="only the mesh's own have")
    return name
