"""The renderer's vocabulary: what goes in (`Resources`), for whom (`Proxy`), and what comes out (`ProxyConfig`).

Everything here is immutable data. Clusters, routes and listeners are Envoy v3 messages in JSON form, as a control plane
pushes them; endpoints stay typed, because whoever runs the configuration decides where a workload really listens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.kinds.destination_rule import DestinationRule
    from workbench.mesh.kinds.gateway import Gateway
    from workbench.mesh.kinds.kubernetes import Deployment, Service
    from workbench.mesh.kinds.security import AuthorizationPolicy, PeerAuthentication, RequestAuthentication
    from workbench.mesh.kinds.telemetry import Telemetry
    from workbench.mesh.kinds.virtual_service import VirtualService

Json: TypeAlias = dict[str, Any]
"""One Envoy message in its JSON form. Nothing narrower is true: Envoy's messages are open-ended trees."""

TRUST_DOMAIN = "cluster.local"
DNS_DOMAIN = "svc.cluster.local"


@dataclass(frozen=True)
class Workload:
    """One Deployment's pods: the unit that has an identity, a proxy and endpoints."""

    name: str
    namespace: str
    service_account: str
    labels: Mapping[str, str] = field(default_factory=dict)
    named_ports: Mapping[str, int] = field(default_factory=dict)
    injected: bool = True
    """Whether a proxy stands in front: without one, clients talk plain text to it."""
    replicas: int = 1
    """How many pods there are: one endpoint stands for all of them, with their number as its weight."""
    is_gateway: bool = False
    """Whether the proxy is all there is (the injection template `gateway`)."""

    @property
    def principal(self) -> str:
        """The SPIFFE identity in the workload's certificate."""
        return f"spiffe://{TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.service_account}"

    @property
    def canonical_service(self) -> str:
        """Istio's canonical service: the label if set, else `app`, else the workload's name."""
        return (
            self.labels.get("service.istio.io/canonical-name")
            or self.labels.get("app.kubernetes.io/name")
            or self.labels.get("app")
            or self.name
        )

    @property
    def canonical_revision(self) -> str:
        """Istio's canonical revision: the label if set, else `version`, else `latest`."""
        return (
            self.labels.get("service.istio.io/canonical-revision")
            or self.labels.get("app.kubernetes.io/version")
            or self.labels.get("version")
            or "latest"
        )


class ProxyRole(Enum):
    """What a proxy is for: beside an application, or at the edge of the mesh."""

    SIDECAR = "sidecar"
    GATEWAY = "gateway"


@dataclass(frozen=True)
class Proxy:
    """The proxy that a configuration is rendered for."""

    workload: Workload
    role: ProxyRole

    @property
    def namespace(self) -> str:
        """The namespace that decides which policies apply."""
        return self.workload.namespace


@dataclass(frozen=True)
class Endpoint:
    """One address behind a cluster; `workload` is None for an address that no workload of ours owns."""

    address: str
    port: int
    tls: bool
    """True when the endpoint expects Istio's mutual TLS (endpoint metadata `tlsMode: istio`)."""
    workload: Workload | None
    weight: int = 1


@dataclass(frozen=True)
class ProxyConfig:
    """What istiod would push to one proxy, by Envoy's names.

    `clusters` by cluster name, `endpoints` by EDS cluster name, `routes` (RouteConfiguration) by route configuration
    name, `listeners` by listener name (`0.0.0.0_80`, `virtualInbound`, `virtualOutbound`, …).
    """

    clusters: dict[str, Json]
    endpoints: dict[str, list[Endpoint]]
    routes: dict[str, Json]
    listeners: dict[str, Json]


class Addresses(Protocol):
    """Where things are: the one fact that YAML does not hold."""

    def pod_ip(self, workload: Workload) -> str:
        """Return the address of the workload's pods."""

    def cluster_ip(self, name: str, namespace: str) -> str:
        """Return the virtual address of the Service."""


class SymbolicAddresses:
    """Addresses as names, `POD_IP(blog)` and `CLUSTER_IP(blog)`: for projections that bind them later."""

    def pod_ip(self, workload: Workload) -> str:
        return f"POD_IP({workload.name})"

    def cluster_ip(self, name: str, namespace: str) -> str:  # noqa: ARG002 -- the protocol's signature; names are unique per namespace here
        return f"CLUSTER_IP({name})"


@dataclass(frozen=True)
class Resources:
    """Everything that was read, validated, and by kind; the renderer's only input besides the proxy."""

    workloads: tuple[Workload, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    services: tuple[Service, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    peer_authentications: tuple[PeerAuthentication, ...] = ()
    authorization_policies: tuple[AuthorizationPolicy, ...] = ()
    request_authentications: tuple[RequestAuthentication, ...] = ()
    telemetries: tuple[Telemetry, ...] = ()

    def workload(self, name: str, namespace: str) -> Workload:
        """Return the workload of the Deployment `namespace/name`; KeyError when there is none."""
        for workload in self.workloads:
            if (workload.name, workload.namespace) == (name, namespace):
                return workload
        raise KeyError(f"{namespace}/{name}")
