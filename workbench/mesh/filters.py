"""Network filters: the HTTP connection manager in its three roles, and the TCP proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import extension, given, typed
from workbench.mesh.faults import CORS_FILTER, FAULT_FILTER
from workbench.mesh.jwt import jwt_filters
from workbench.mesh.rbac import rbac_filters
from workbench.mesh.telemetry import access_logs, tracing

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.model import Json

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_SERVER = "istio-envoy"


def outbound_manager(context: Context, address: str, port: int) -> Json:
    """Return a sidecar's connection manager for what its application sends; routes are those of the port."""
    return _manager(
        context,
        [],
        stat_prefix=f"outbound_{address}_{port};",
        rds={"route_config_name": str(port)},
        use_remote_address=False,
    )


def inbound_manager(context: Context, stat_prefix: str, routes: Json) -> Json:
    """Return a sidecar's connection manager for what its application receives: tokens, then rules, then the rest."""
    return _manager(
        context,
        [*jwt_filters(context), *rbac_filters(context)],
        stat_prefix=stat_prefix,
        route_config=routes,
        use_remote_address=False,
        server_name=_SERVER,
        forward_client_cert_details="APPEND_FORWARD",
        set_current_client_cert_details={"subject": True, "dns": True, "uri": True},
    )


def gateway_manager(context: Context, port: int, route_name: str) -> Json:
    """Return the gateway's connection manager; it believes no forwarded certificate, and the address that it sees."""
    return _manager(
        context,
        [*jwt_filters(context), *rbac_filters(context)],
        stat_prefix=f"outbound_0.0.0.0_{port};",
        rds={"route_config_name": route_name},
        use_remote_address=True,
        server_name=_SERVER,
        http_protocol_options={},
        forward_client_cert_details="SANITIZE_SET",
        set_current_client_cert_details={"cert": True, "subject": True, "dns": True, "uri": True},
    )


def tcp_proxy(context: Context, cluster: str, *, logged: bool = True) -> Json:
    """Return the filter that passes bytes to a cluster."""
    return extension(
        "envoy.filters.network.tcp_proxy",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=cluster,
        cluster=cluster,
        **given(access_log=access_logs(context) if logged else None),
    )


def _manager(context: Context, first: list[Json], /, **role: object) -> Json:
    return extension(
        "envoy.filters.network.http_connection_manager",
        _MANAGER,
        **role,
        http_filters=[*first, *_usual_filters()],
        normalize_path=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        proxy_100_continue=True,
        request_id_extension={
            "typed_config": typed(
                "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", use_request_id_for_trace_sampling=True
            )
        },
        stream_idle_timeout="0s",
        upgrade_configs=[{"upgrade_type": "websocket"}],
        **given(access_log=access_logs(context), tracing=tracing(context)),
    )


def _usual_filters() -> list[Json]:
    return [
        extension(FAULT_FILTER, "envoy.extensions.filters.http.fault.v3.HTTPFault"),
        extension(CORS_FILTER, "envoy.extensions.filters.http.cors.v3.Cors"),
        extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
    ]
