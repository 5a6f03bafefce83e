"""Services and workloads: which names exist, what they listen on, and who answers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.kinds.base import Resource
from workbench.mesh.kinds.destination_rule import DestinationRule
from workbench.mesh.kinds.gateway import Gateway
from workbench.mesh.kinds.kubernetes import Deployment, Namespace, Service
from workbench.mesh.kinds.security import AuthorizationPolicy, PeerAuthentication, RequestAuthentication
from workbench.mesh.kinds.telemetry import Telemetry
from workbench.mesh.kinds.virtual_service import VirtualService
from workbench.mesh.model import DNS_DOMAIN, Resources, Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workbench.mesh.kinds.kubernetes import ServicePort

_R = TypeVar("_R", bound=Resource)


class Protocol(Enum):
    """What a port speaks, as its name (or `appProtocol`) declares it."""

    HTTP = "http"
    HTTP2 = "http2"
    TCP = "tcp"

    @property
    def is_http(self) -> bool:
        """Whether requests are routed, rather than bytes."""
        return self is not Protocol.TCP


_PROTOCOLS = {
    "http": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.HTTP2,
    "tcp": Protocol.TCP,
    "tls": Protocol.TCP,
    "https": Protocol.TCP,
    "redis": Protocol.TCP,
    "mongo": Protocol.TCP,
    "mysql": Protocol.TCP,
}
"""Istio's protocol names. To a proxy TLS is bytes; redis, mongo and mysql are, too, while their filters are off."""


@dataclass(frozen=True)
class MeshPort:
    """One port of a service, with its protocol."""

    number: int
    protocol: Protocol
    target: int | str


@dataclass(frozen=True)
class MeshService:
    """A service with a full name."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: tuple[MeshPort, ...]
    resource: Service

    @property
    def host(self) -> str:
        """The full name, such as `blog.titanium-prod.svc.cluster.local`."""
        return f"{self.name}.{self.namespace}.{DNS_DOMAIN}"

    def port(self, number: int) -> MeshPort | None:
        """Return the port of that number, or None."""
        return next((port for port in self.ports if port.number == number), None)

    def selects(self, workload: Workload) -> bool:
        """Whether the workload answers for this service."""
        return (
            bool(self.selector)
            and workload.namespace == self.namespace
            and self.selector.items() <= workload.labels.items()
        )


class Registry:
    """All services and workloads, by full name."""

    def __init__(self, resources: Resources) -> None:
        services = [_service(service) for service in resources.services if service.spec.selector]
        self.services = tuple(sorted(services, key=lambda service: service.host))
        self.workloads = resources.workloads
        self._by_host = {service.host: service for service in self.services}

    def find(self, host: str) -> MeshService | None:
        """Return the service of that full name, or None."""
        return self._by_host.get(host)

    def behind(self, service: MeshService, labels: Mapping[str, str] | None = None) -> list[Workload]:
        """Return the workloads with pods that answer for a service, or for the subset with these labels."""
        wanted = (labels or {}).items()
        return [w for w in self.workloads if w.replicas and service.selects(w) and wanted <= w.labels.items()]

    def of_workload(self, workload: Workload) -> list[MeshService]:
        """Return the services that a workload answers for."""
        return [service for service in self.services if service.selects(workload)]


def qualified(host: str, namespace: str) -> str:
    """Return the full name of a host as written in an object of that namespace: only a name without dots is short."""
    return host if "." in host or "*" in host else f"{host}.{namespace}.{DNS_DOMAIN}"


def target_port(port: MeshPort, workload: Workload) -> int | None:
    """Return the number on which the workload serves a service's port; None when it has no port of that name."""
    return workload.named_ports.get(port.target) if isinstance(port.target, str) else port.target


def _service(service: Service) -> MeshService:
    if service.spec.cluster_ip == "None":
        raise unsupported(service, "spec.clusterIP", "a headless Service is not supported here")
    if service.spec.type == "ExternalName":
        raise unsupported(service, "spec.type", "ExternalName is not supported here")
    return MeshService(
        name=service.name,
        namespace=service.namespace,
        selector=service.spec.selector,
        ports=tuple(
            MeshPort(port.port, _protocol(service, port, f"spec.ports[{index}]"), port.target_port or port.port)
            for index, port in enumerate(service.spec.ports)
        ),
        resource=service,
    )


def _protocol(service: Service, port: ServicePort, path: str) -> Protocol:
    if port.protocol != "TCP":
        raise unsupported(service, f"{path}.protocol", f"{port.protocol} is not supported here")
    declared = port.app_protocol or port.name.split("-", maxsplit=1)[0]
    protocol = _PROTOCOLS.get(declared.lower())
    if protocol is None:
        raise unsupported(
            service,
            f"{path}.name",
            f"the name {port.name!r} declares no protocol, and guessing it from the first bytes is not supported here; "
            "begin the name with http, http2, grpc, tcp, tls or https",
        )
    return protocol


def resources_of(objects: Iterable[Resource]) -> Resources:
    """Sort objects by kind and derive the workloads from the Deployments."""
    every = list(objects)

    def of(kind: type[_R]) -> tuple[_R, ...]:
        return tuple(one for one in every if isinstance(one, kind))

    injected = {n.name for n in of(Namespace) if n.metadata.labels.get("istio-injection") == "enabled"}
    deployments = of(Deployment)
    return Resources(
        workloads=tuple(_workload(deployment, injected) for deployment in deployments),
        deployments=deployments,
        services=of(Service),
        gateways=of(Gateway),
        virtual_services=of(VirtualService),
        destination_rules=of(DestinationRule),
        peer_authentications=of(PeerAuthentication),
        authorization_policies=of(AuthorizationPolicy),
        request_authentications=of(RequestAuthentication),
        telemetries=of(Telemetry),
    )


def _workload(deployment: Deployment, injected: set[str]) -> Workload:
    template = deployment.spec.template
    wish = template.metadata.labels.get(
        "sidecar.istio.io/inject", template.metadata.annotations.get("sidecar.istio.io/inject")
    )
    if wish not in (None, "true", "false"):
        raise invalid(
            deployment, "spec.template.metadata", f'sidecar.istio.io/inject must be "true" or "false", not {wish!r}'
        )
    return Workload(
        name=deployment.name,
        namespace=deployment.namespace,
        service_account=template.spec.service_account_name,
        labels=template.metadata.labels,
        named_ports={port.name: port.container_port for c in template.spec.containers for port in c.ports if port.name},
        replicas=deployment.spec.replicas,
        is_gateway=template.metadata.annotations.get("inject.istio.io/templates") == "gateway",
        injected=wish == "true" or (wish is None and deployment.namespace in injected),
    )
