"""A sidecar's inbound listener: a filter chain for each port of the workload, by what its callers must speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.clusters import inbound_name, inbound_ports
from workbench.mesh.envoy import extension, given, typed
from workbench.mesh.errors import unsupported
from workbench.mesh.filters import inbound_manager, tcp_proxy
from workbench.mesh.listeners import LISTENER, address, http_inspector, tls_inspector
from workbench.mesh.matches import any_request
from workbench.mesh.policies import applying, mtls_mode
from workbench.mesh.retries import inbound_retry_policy
from workbench.mesh.telemetry import access_logs
from workbench.mesh.tls import inbound_mtls

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.model import Json
    from workbench.mesh.policies import Mode

INBOUND_PORT = 15006
"""Where intercepted inbound connections arrive."""

_ANY = "0.0.0.0"  # noqa: S104 -- inside a pod's own network namespace
_PASSTHROUGH = "InboundPassthroughCluster"
_ISTIO_HTTP = ["istio-http/1.0", "istio-http/1.1", "istio-h2"]
_PLAIN_HTTP = ["http/1.1", "h2c"]


def render_inbound_listener(context: Context) -> dict[str, Json]:
    """Return `virtualInbound`."""
    ports = inbound_ports(context)
    for service, port, _ in ports:
        if not port.protocol.is_http:
            raise unsupported(
                service.resource,
                "spec.ports",
                f"a sidecar in front of a TCP port ({port.number}) is not supported here",
            )
    modes = {target: mtls_mode(context, context.proxy.workload, target) for _, _, target in ports}
    general = _general_mode(context)
    chains = [_black_hole(context), *_catch_alls(context, general)]
    for service, port, target in ports:
        manager = _manager(context, service.host, port.number, target)
        chains += _port_chains(target, modes[target], manager)
    listener = typed(
        LISTENER,
        name="virtualInbound",
        address=address(_ANY, INBOUND_PORT),
        traffic_direction="INBOUND",
        continue_on_listener_filters_timeout=True,
        listener_filters_timeout="0s",
        max_connections_to_accept_per_socket_event=1,
        listener_filters=_listener_filters(modes, general),
        filter_chains=chains,
        **given(access_log=access_logs(context, no_route_only=True)),
    )
    return {"virtualInbound": listener}


def _general_mode(context: Context) -> Mode:
    mode = mtls_mode(context, context.proxy.workload)
    if mode == "DISABLE":
        policy = applying(context.resources.peer_authentications, context.proxy.workload)[-1]
        raise unsupported(policy, "spec.mtls.mode", "DISABLE for a whole workload is not supported here; use a port")
    return mode


def _port_chains(target: int, mode: Mode, manager: Json) -> list[Json]:
    name = f"{_ANY}_{target}"
    tls: Json = {"destination_port": target, "transport_protocol": "tls"}
    plain: Json = {"destination_port": target, "transport_protocol": "raw_buffer"}
    if mode == "PERMISSIVE":
        # The application's own TLS must pass; Istio's is known by its protocols.
        tls["application_protocols"] = ["istio", "istio-peer-exchange", *_ISTIO_HTTP]
    encrypted = {"name": name, "filter_chain_match": tls, "filters": [manager], "transport_socket": inbound_mtls()}
    readable = {"name": name, "filter_chain_match": plain, "filters": [manager]}
    return {"STRICT": [encrypted], "PERMISSIVE": [encrypted, readable], "DISABLE": [readable]}[mode]


def _manager(context: Context, host: str, service_port: int, target: int) -> Json:
    name = inbound_name(target)
    routes = _route_configuration(name, f"inbound|http|{service_port}", f"{host}:{service_port}/*")
    return inbound_manager(context, f"inbound_{_ANY}_{target};", routes)


def _route_configuration(cluster: str, virtual_host: str, operation: str) -> Json:
    return {
        "name": cluster,
        "validate_clusters": False,
        "virtual_hosts": [
            {
                "name": virtual_host,
                "domains": ["*"],
                "routes": [
                    {
                        "name": "default",
                        "match": any_request(),
                        "decorator": {"operation": operation},
                        "route": {
                            "cluster": cluster,
                            "timeout": "0s",
                            "max_stream_duration": {"max_stream_duration": "0s", "grpc_timeout_header_max": "0s"},
                            "retry_policy": inbound_retry_policy(),
                        },
                    }
                ],
            }
        ],
    }


def _black_hole(context: Context) -> Json:
    return {
        "name": "virtualInbound-blackhole",
        "filter_chain_match": {"destination_port": INBOUND_PORT},
        "filters": [tcp_proxy(context, "BlackHoleCluster", logged=False)],
    }


def _catch_alls(context: Context, mode: Mode) -> list[Json]:
    """Chains for ports that no Service names; closed to bytes as soon as an AuthorizationPolicy guards the workload."""
    guarded = bool(applying(context.resources.authorization_policies, context.proxy.workload))
    passing = tcp_proxy(context, "BlackHoleCluster" if guarded else _PASSTHROUGH)
    routes = _route_configuration(_PASSTHROUGH, "inbound|http|0", ":0/*")
    manager = inbound_manager(context, _PASSTHROUGH, routes)

    def chain(kind: str, protocol: str, applications: list[str], handler: Json, *, mtls: bool) -> Json:
        match = given(transport_protocol=protocol, application_protocols=applications)
        socket = inbound_mtls() if mtls else None
        return {"name": kind, "filter_chain_match": match, "filters": [handler], **given(transport_socket=socket)}

    http, tcp = "virtualInbound-catchall-http", "virtualInbound"
    secured = chain(http, "tls", _ISTIO_HTTP, manager, mtls=True)
    if mode == "STRICT":
        return [secured, chain(tcp, "tls", [], passing, mtls=True)]
    return [
        secured,
        chain(http, "raw_buffer", _PLAIN_HTTP, manager, mtls=False),
        chain(tcp, "tls", ["istio-peer-exchange", "istio"], passing, mtls=True),
        chain(tcp, "raw_buffer", [], passing, mtls=False),
        chain(tcp, "tls", [], passing, mtls=False),
    ]


def _listener_filters(modes: dict[int, Mode], general: Mode) -> list[Json]:
    """Look into connections only where it matters: not for TLS on plain ports, not for HTTP on known ones."""
    original = extension(
        "envoy.filters.listener.original_dst", "envoy.extensions.filters.listener.original_dst.v3.OriginalDst"
    )
    plain = [port for port, mode in modes.items() if mode == "DISABLE"]
    filters = [original, {**tls_inspector(), "filter_disabled": _disabled([*plain, INBOUND_PORT])}]
    if general == "PERMISSIVE":
        filters.append({**http_inspector(), "filter_disabled": _disabled([*modes, INBOUND_PORT])})
    return filters


def _disabled(ports: list[int]) -> Json:
    rules = [{"destination_port_range": {"start": port, "end": port + 1}} for port in sorted(ports)]
    return rules[0] if len(rules) == 1 else {"or_match": {"rules": rules}}
