"""Istio's DestinationRule: how clients talk to a service: pools, ejection, load balancing, TLS, subsets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workbench.mesh.kinds.base import (
    Duration,
    DurationOrZero,
    IstioModel,
    LabelSelector,
    NotRendered,
    Number,
    Resource,
    UInt32,
)
from workbench.mesh.kinds.virtual_service import PortSelector  # noqa: TC001 -- pydantic reads annotations at run time


class TcpKeepalive(IstioModel):
    """Keep-alive probes on upstream connections."""

    probes: UInt32 | None = None
    time: Duration | None = None
    interval: Duration | None = None


class TcpPool(IstioModel):
    """Limits of the connections themselves."""

    max_connections: int = 0
    connect_timeout: Duration | None = None
    idle_timeout: DurationOrZero | None = None
    max_connection_duration: Duration | None = None
    tcp_keepalive: TcpKeepalive | None = None


class HttpPool(IstioModel):
    """Limits of the requests on the connections; 0 means no limit."""

    http1_max_pending_requests: int = 0
    http2_max_requests: int = 0
    max_requests_per_connection: int = 0
    max_retries: int = 0
    max_concurrent_streams: int = 0
    idle_timeout: Duration | None = None
    h2_upgrade_policy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] = "DEFAULT"
    use_client_protocol: NotRendered = None
    http2_keep_alive: NotRendered = None


class ConnectionPool(IstioModel):
    """Circuit breakers and connection options."""

    tcp: TcpPool = Field(default_factory=TcpPool)
    http: HttpPool = Field(default_factory=HttpPool)


class OutlierDetection(IstioModel):
    """When a host is ejected; a field that is left out is not enforced (5xx) or Envoy's default (times)."""

    consecutive5xx_errors: UInt32 | None = Field(default=None, alias="consecutive5xxErrors")
    consecutive_gateway_errors: UInt32 | None = None
    consecutive_local_origin_failures: UInt32 | None = None
    split_external_local_origin_errors: bool = False
    interval: Duration | None = None
    base_ejection_time: Duration | None = None
    max_ejection_percent: int = 0
    min_health_percent: int = 0
    consecutive_errors: NotRendered = None
    outlier_detection_http_error_codes: NotRendered = None


class HttpCookie(IstioModel):
    """A cookie to hash on; with a ttl the proxy sets it itself."""

    name: str
    path: str = ""
    ttl: DurationOrZero | None = None
    attributes: NotRendered = None


class RingHash(IstioModel):
    """Ketama ring."""

    minimum_ring_size: int = 0


class Maglev(IstioModel):
    """Maglev table."""

    table_size: int = 0


class ConsistentHash(IstioModel):
    """Session affinity: what is hashed, and by which algorithm."""

    http_header_name: str | None = None
    http_cookie: HttpCookie | None = None
    http_query_parameter_name: str | None = None
    use_source_ip: bool | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: NotRendered = None


class Warmup(IstioModel):
    """Slow start of new endpoints."""

    duration: Duration
    minimum_percent: Number | None = None
    aggression: Number | None = None


class LoadBalancer(IstioModel):
    """How an endpoint is chosen; LEAST_REQUEST unless told otherwise."""

    simple: Literal["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"] | None = None
    consistent_hash: ConsistentHash | None = None
    warmup: Warmup | None = None
    warmup_duration_secs: NotRendered = None
    locality_lb_setting: NotRendered = None
    zone_aware_lb_setting: NotRendered = None


class ClientTls(IstioModel):
    """How a client secures its connections."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    sni: str = ""
    subject_alt_names: list[str] = Field(default_factory=list)
    ca_certificates: str = ""
    credential_name: NotRendered = None
    client_certificate: NotRendered = None
    private_key: NotRendered = None
    insecure_skip_verify: NotRendered = None
    ca_crl: NotRendered = None


class PolicyParts(IstioModel):
    """The parts of a traffic policy that exist at every level."""

    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    load_balancer: LoadBalancer | None = None
    tls: ClientTls | None = None


class PortPolicy(PolicyParts):
    """A policy for one port; it inherits nothing."""

    port: PortSelector


class TrafficPolicy(PolicyParts):
    """The policy of a service or a subset."""

    port_level_settings: list[PortPolicy] = Field(default_factory=list)
    tunnel: NotRendered = None
    proxy_protocol: NotRendered = None
    retry_budget: NotRendered = None


class Subset(IstioModel):
    """Some endpoints of a service, by labels."""

    name: str = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    traffic_policy: TrafficPolicy | None = None


class DestinationRuleSpec(IstioModel):
    """The host, the policy, the subsets, and the clients it is for."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: list[Subset] = Field(default_factory=list)
    workload_selector: LabelSelector | None = None
    export_to: NotRendered = None


class DestinationRule(Resource):
    """How clients talk to one service."""

    kind: Literal["DestinationRule"]
    spec: DestinationRuleSpec
