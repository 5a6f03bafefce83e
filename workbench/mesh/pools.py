"""Connection pools: circuit breakers, connect time-out, keep-alive and HTTP protocol options of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import NO_LIMIT, duration, given, optional_duration, typed

if TYPE_CHECKING:
    from workbench.mesh.kinds.destination_rule import ConnectionPool, TcpKeepalive
    from workbench.mesh.model import Json

CONNECT_TIMEOUT = "10s"
"""Istio's default (`connectTimeout` of the mesh configuration)."""

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def circuit_breakers(pool: ConnectionPool | None = None) -> Json:
    """Return the limits; without one there is practically none, for retries either (Envoy's own default is 3)."""
    tcp, http = (pool.tcp, pool.http) if pool else (None, None)
    return {
        "thresholds": [
            {
                "max_connections": (tcp and tcp.max_connections) or NO_LIMIT,
                "max_pending_requests": (http and http.http1_max_pending_requests) or NO_LIMIT,
                "max_requests": (http and http.http2_max_requests) or NO_LIMIT,
                "max_retries": (http and http.max_retries) or NO_LIMIT,
            }
        ]
    }


def connection_options(pool: ConnectionPool | None, *, http2: bool) -> Json:
    """Return the cluster's fields for time-outs, keep-alive and protocol; `http2` as the port or an upgrade says."""
    options = http_protocol_options(pool, http2=http2)
    timeout = pool.tcp.connect_timeout if pool else None
    return given(
        connect_timeout=duration(timeout) if timeout else CONNECT_TIMEOUT,
        upstream_connection_options=_keepalive(pool.tcp.tcp_keepalive if pool else None),
        typed_extension_protocol_options={HTTP_OPTIONS: typed(HTTP_OPTIONS, **options)} if options else None,
    )


def http_protocol_options(pool: ConnectionPool | None, *, http2: bool) -> Json:
    """Return Envoy's upstream HTTP options; empty when Envoy's defaults (HTTP/1.1, 1 h idle) do."""
    common = _common_options(pool) if pool else {}
    if not common and not http2:
        return {}
    streams = pool.http.max_concurrent_streams if pool else 0
    explicit: Json = (
        {"http2_protocol_options": given(max_concurrent_streams=streams or None)}
        if http2
        else {"http_protocol_options": {}}
    )
    return {**given(common_http_protocol_options=common), "explicit_http_config": explicit}


def wants_http2(pool: ConnectionPool | None) -> bool:
    """Whether the client upgrades its connections to HTTP/2 (`h2UpgradePolicy: UPGRADE`)."""
    return pool is not None and pool.http.h2_upgrade_policy == "UPGRADE"


def _common_options(pool: ConnectionPool) -> Json:
    return given(
        # The HTTP setting wins over the connection's.
        idle_timeout=optional_duration(pool.http.idle_timeout or pool.tcp.idle_timeout),
        max_requests_per_connection=pool.http.max_requests_per_connection or None,
        max_connection_duration=optional_duration(pool.tcp.max_connection_duration),
    )


def _keepalive(keepalive: TcpKeepalive | None) -> Json | None:
    if keepalive is None:
        return None
    return {
        "tcp_keepalive": given(
            keepalive_probes=keepalive.probes,
            keepalive_time=int(keepalive.time.total_seconds()) if keepalive.time else None,
            keepalive_interval=int(keepalive.interval.total_seconds()) if keepalive.interval else None,
        )
    }
