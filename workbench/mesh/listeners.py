"""A sidecar's listeners: one for each outbound port, one behind all of them, and one for everything inbound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.clusters import outbound_name
from workbench.mesh.envoy import extension, given, typed
from workbench.mesh.filters import outbound_manager, tcp_proxy
from workbench.mesh.telemetry import access_logs
from workbench.mesh.virtual_hosts import http_ports

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.model import Json

LISTENER = "envoy.config.listener.v3.Listener"
OUTBOUND_PORT = 15001
"""Where intercepted outbound connections arrive."""

CHAIN_TIMEOUT = {"transport_socket_connect_timeout": "15s"}

_PLAIN_HTTP = {"transport_protocol": "raw_buffer", "application_protocols": ["http/1.1", "h2c"]}


def address(host: str, port: int) -> Json:
    """Return a socket address."""
    return {"socket_address": {"address": host, "port_value": port}}


def http_inspector() -> Json:
    """Return the listener filter that tells HTTP from other bytes."""
    return extension(
        "envoy.filters.listener.http_inspector", "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"
    )


def tls_inspector() -> Json:
    """Return the listener filter that reads TLS' first message."""
    return extension(
        "envoy.filters.listener.tls_inspector",
        "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
        initial_read_buffer_size=512,
    )


def render_outbound_listeners(context: Context) -> dict[str, Json]:
    """Return the listeners for what the application sends, by Istio's names."""
    listeners = [_http(context, port) for port in http_ports(context)]
    listeners += _tcp(context)
    listeners.append(_virtual_outbound(context))
    return {str(listener["name"]): listener for listener in listeners}


def _http(context: Context, port: int) -> Json:
    return typed(
        LISTENER,
        name=f"0.0.0.0_{port}",
        address=address("0.0.0.0", port),  # noqa: S104 -- Istio's name of a listener that is never bound
        bind_to_port=False,
        continue_on_listener_filters_timeout=True,
        listener_filters_timeout="0s",
        traffic_direction="OUTBOUND",
        listener_filters=[http_inspector()],
        filter_chains=[
            {
                "filter_chain_match": _PLAIN_HTTP,
                "filters": [outbound_manager(context, "0.0.0.0", port)],  # noqa: S104 -- as above
                **CHAIN_TIMEOUT,
            }
        ],
        default_filter_chain={
            "name": "PassthroughFilterChain",
            "filter_chain_match": {},
            "filters": [tcp_proxy(context, "PassthroughCluster")],
        },
    )


def _tcp(context: Context) -> list[Json]:
    """One listener for each TCP port of a service, on the service's own address: bytes have no Host header."""
    listeners = []
    for service in context.registry.services:
        ip = context.addresses.cluster_ip(service.name, service.namespace)
        for port in service.ports:
            if port.protocol.is_http:
                continue
            cluster = outbound_name(port.number, "", service.host)
            listeners.append(
                typed(
                    LISTENER,
                    name=f"{ip}_{port.number}",
                    address=address(ip, port.number),
                    bind_to_port=False,
                    continue_on_listener_filters_timeout=True,
                    listener_filters_timeout="0s",
                    traffic_direction="OUTBOUND",
                    filter_chains=[{"filters": [tcp_proxy(context, cluster)], **CHAIN_TIMEOUT}],
                )
            )
    return listeners


def _virtual_outbound(context: Context) -> Json:
    return typed(
        LISTENER,
        name="virtualOutbound",
        address=address("0.0.0.0", OUTBOUND_PORT),  # noqa: S104 -- inside a pod's own network namespace
        use_original_dst=True,
        traffic_direction="OUTBOUND",
        max_connections_to_accept_per_socket_event=1,
        filter_chains=[
            {
                "name": "virtualOutbound-blackhole",
                "filter_chain_match": {"destination_port": OUTBOUND_PORT},
                "filters": [tcp_proxy(context, "BlackHoleCluster", logged=False)],
            }
        ],
        default_filter_chain={
            "name": "virtualOutbound-catchall-tcp",
            "filters": [tcp_proxy(context, "PassthroughCluster")],
        },
        **given(access_log=access_logs(context, no_route_only=True)),
    )
