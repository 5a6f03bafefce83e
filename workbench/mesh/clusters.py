"""Clusters and endpoints: outbound by service port and subset, inbound by port of the workload, and the fixed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.mesh.envoy import NO_LIMIT, given, typed
from workbench.mesh.load_balancing import load_balancing
from workbench.mesh.model import Endpoint, ProxyRole
from workbench.mesh.outlier import outlier_detection, panic_threshold
from workbench.mesh.policies import destination_rule, mtls_mode, port_policy, subset_policy
from workbench.mesh.pools import CONNECT_TIMEOUT, HTTP_OPTIONS, circuit_breakers, connection_options, wants_http2
from workbench.mesh.registry import Protocol, target_port
from workbench.mesh.tls import automatic_mtls, mutual_tls, simple_tls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.mesh.context import Context
    from workbench.mesh.kinds.destination_rule import ClientTls, PolicyParts, Subset
    from workbench.mesh.model import Json, Workload
    from workbench.mesh.registry import MeshPort, MeshService

_TYPE = "envoy.config.cluster.v3.Cluster"
_NEVER = "9223372035s"
"""Istio's `cleanup_interval` of inbound clusters: the largest that Envoy takes; there is one host, forever."""

INBOUND_SOURCE = "127.0.0.6"
"""The address from which a sidecar calls its application, so that the calls are not intercepted again."""


def outbound_name(port: int, subset: str, host: str) -> str:
    """Return Istio's name of an outbound cluster."""
    return f"outbound|{port}|{subset}|{host}"


def inbound_name(port: int) -> str:
    """Return Istio's name of an inbound cluster, by the port on which the workload listens."""
    return f"inbound|{port}||"


@dataclass(frozen=True)
class Destination:
    """One outbound cluster's coordinates: a port of a service, perhaps a subset, and the policy that holds there."""

    service: MeshService
    port: MeshPort
    subset: Subset | None
    policy: PolicyParts

    @property
    def name(self) -> str:
        """Istio's name of the cluster."""
        return outbound_name(self.port.number, self.subset.name if self.subset else "", self.service.host)

    @property
    def sni(self) -> str:
        """The name that a client asks for in TLS: the cluster's, in a host name's letters."""
        return f"outbound_.{self.port.number}_.{self.subset.name if self.subset else ''}_.{self.service.host}"

    @property
    def is_http2(self) -> bool:
        """Whether the port speaks HTTP/2, or the policy upgrades to it."""
        return self.port.protocol is Protocol.HTTP2 or wants_http2(self.policy.connection_pool)

    def workloads(self, context: Context) -> list[Workload]:
        """Return who answers."""
        return context.registry.behind(self.service, self.subset.labels if self.subset else None)


def render_outbound(context: Context) -> tuple[dict[str, Json], dict[str, list[Endpoint]]]:
    """Return clusters and endpoints of all service ports, with their subsets."""
    destinations = list(_destinations(context))
    return (
        {one.name: _outbound(context, one) for one in destinations},
        {one.name: _endpoints(context, one) for one in destinations},
    )


def render_inbound(context: Context) -> dict[str, Json]:
    """Return the clusters towards the proxy's own application; of a rule only the connection pool reaches them."""
    clusters: dict[str, Json] = {}
    for service, port, target in inbound_ports(context):
        rule = destination_rule(context, service)
        pool = port_policy(rule.spec.traffic_policy if rule else None, port.number).connection_pool
        name = inbound_name(target)
        clusters[name] = {
            "@type": f"type.googleapis.com/{_TYPE}",
            "name": name,
            "alt_stat_name": f"{name};",
            "type": "ORIGINAL_DST",
            "lb_policy": "CLUSTER_PROVIDED",
            "cleanup_interval": _NEVER,
            "common_lb_config": {},
            "circuit_breakers": circuit_breakers(pool),
            "upstream_bind_config": _bind(),
            "metadata": _metadata(service, None),
            **connection_options(pool, http2=port.protocol is Protocol.HTTP2),
        }
    return clusters


def inbound_ports(context: Context) -> list[tuple[MeshService, MeshPort, int]]:
    """Return what the proxy's workload serves: per port of its own the first service (by name) that leads there."""
    found: dict[int, tuple[MeshService, MeshPort, int]] = {}
    for service in context.registry.of_workload(context.proxy.workload):
        for port in service.ports:
            target = target_port(port, context.proxy.workload)
            if target is not None:
                found.setdefault(target, (service, port, target))
    return list(found.values())


def render_fixed(context: Context) -> dict[str, Json]:
    """Return the clusters that every proxy has: the black hole, and for sidecars the pass-throughs."""
    black_hole = typed(
        _TYPE,
        name="BlackHoleCluster",
        alt_stat_name="BlackHoleCluster;",
        type="STATIC",
        connect_timeout=CONNECT_TIMEOUT,
    )
    if context.proxy.role is ProxyRole.GATEWAY:
        return {"BlackHoleCluster": black_hole}
    return {
        "BlackHoleCluster": black_hole,
        "PassthroughCluster": _passthrough("PassthroughCluster"),
        "InboundPassthroughCluster": {
            **_passthrough("InboundPassthroughCluster"),
            "upstream_bind_config": _bind(),
        },
    }


def _destinations(context: Context) -> Iterator[Destination]:
    for service in context.registry.services:
        rule = destination_rule(context, service)
        for port in service.ports:
            general = port_policy(rule.spec.traffic_policy if rule else None, port.number)
            yield Destination(service, port, None, general)
            if rule is not None:
                for subset in rule.spec.subsets:
                    yield Destination(service, port, subset, subset_policy(rule, subset, port.number))


def _outbound(context: Context, one: Destination) -> Json:
    policy = one.policy
    return {
        "@type": f"type.googleapis.com/{_TYPE}",
        "name": one.name,
        "alt_stat_name": f"{one.name};",
        "type": "EDS",
        "eds_cluster_config": {"service_name": one.name},
        "circuit_breakers": circuit_breakers(policy.connection_pool),
        "common_lb_config": panic_threshold(policy.outlier_detection),
        "metadata": _metadata(one.service, one.subset, policy.tls),
        **load_balancing(policy.load_balancer),
        **given(outlier_detection=outlier_detection(policy.outlier_detection) if policy.outlier_detection else None),
        **connection_options(policy.connection_pool, http2=one.is_http2),
        **_security(context, one),
    }


def _security(context: Context, one: Destination) -> Json:
    tls = one.policy.tls
    principals = sorted({workload.principal for workload in one.workloads(context)})
    if tls is None:
        return {"transport_socket_matches": automatic_mtls(one.sni, principals, http2=one.is_http2)}
    if tls.mode == "DISABLE":
        return {}
    if tls.mode == "SIMPLE":
        return {"transport_socket": simple_tls(tls, http2=one.is_http2)}
    names = tls.subject_alt_names or principals
    return {"transport_socket": mutual_tls(tls.sni or one.sni, names, http2=one.is_http2)}


def _endpoints(context: Context, one: Destination) -> list[Endpoint]:
    # A client that has its own idea of TLS does not look at what the endpoint expects.
    own_tls = one.policy.tls is not None and one.policy.tls.mode != "ISTIO_MUTUAL"
    return [
        Endpoint(
            address=context.addresses.pod_ip(workload),
            port=target,
            tls=workload.injected and not own_tls and mtls_mode(context, workload, target) != "DISABLE",
            workload=workload,
            weight=workload.replicas,
        )
        for workload in one.workloads(context)
        if (target := target_port(one.port, workload)) is not None
    ]


def _metadata(service: MeshService, subset: Subset | None, tls: ClientTls | None = None) -> Json:
    istio: Json = {"services": [{"host": service.host, "name": service.name, "namespace": service.namespace}]}
    if subset:
        istio["subset"] = subset.name
    if tls is not None and tls.mode in ("SIMPLE", "MUTUAL"):
        istio["alpn_override"] = "false"
    return {"filter_metadata": {"istio": istio}}


def _bind() -> Json:
    return {"source_address": {"address": INBOUND_SOURCE, "port_value": 0}}


def _passthrough(name: str) -> Json:
    return typed(
        _TYPE,
        name=name,
        alt_stat_name="PassthroughCluster;",
        type="ORIGINAL_DST",
        lb_policy="CLUSTER_PROVIDED",
        connect_timeout=CONNECT_TIMEOUT,
        circuit_breakers={
            "thresholds": [
                dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), NO_LIMIT)
            ]
        },
        typed_extension_protocol_options={
            HTTP_OPTIONS: typed(
                HTTP_OPTIONS,
                common_http_protocol_options={"idle_timeout": "300s"},
                use_downstream_protocol_config={"http_protocol_options": {}, "http2_protocol_options": {}},
            )
        },
    )
