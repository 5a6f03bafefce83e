"""Where everything is on this machine: the answer to what a pod's own network namespace would answer.

A sidecar has one inbound and one outbound HTTP port, and one port for each TCP service that it may call; a gateway has
one HTTP port. What has no place is an error that names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workbench.mesh.errors import MeshConfigError
from workbench.mesh.model import Proxy, ProxyRole, Workload
from workbench.platform.ports import WORKLOAD_BLOCKS, Ports, WorkloadPorts

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK: Final = "127.0.0.1"
HTTP_PORT: Final = 80
"""The Service port (and the Gateway's) that has a place here."""

INGRESS_WORKLOAD: Final = "istio-ingressgateway"

TRACE_BACKEND: Final = "jaeger"
"""The server to which proxies send spans; no application calls it, so that it has no port for them."""

_TCP_SERVICES: Final = ("postgres", "valkey")


@dataclass(frozen=True)
class Placement:
    """The ports of an instance, and where servers without a sidecar really are (name → IP address and port)."""

    ports: Ports
    servers: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def block(self, workload: Workload) -> WorkloadPorts:
        """Return the ports of a workload that has a sidecar."""
        try:
            return self.ports.workload(workload.name)
        except KeyError:
            known = ", ".join(WORKLOAD_BLOCKS)
            raise MeshConfigError(
                f"workload {workload.namespace}/{workload.name} has no ports on this machine",
                hint=f"the table has: {known}",
            ) from None

    def admin(self, proxy: Proxy) -> int:
        """Return the port of the proxy's admin interface (15000)."""
        return self.ports.ingress_admin if proxy.role is ProxyRole.GATEWAY else self.block(proxy.workload).admin

    def stats(self, proxy: Proxy) -> int:
        """Return the port of the proxy's metrics (15090)."""
        return self.ports.ingress_stats if proxy.role is ProxyRole.GATEWAY else self.block(proxy.workload).stats

    def endpoint(self, workload: Workload) -> tuple[str, int]:
        """Return where callers reach a workload: its sidecar's inbound port, or the server itself."""
        if workload.name == INGRESS_WORKLOAD:
            return LOOPBACK, self.ports.ingress
        if workload.injected:
            return LOOPBACK, self.block(workload).inbound
        default = {
            "postgres": self.ports.postgres,
            "valkey": self.ports.valkey,
            TRACE_BACKEND: self.ports.jaeger_otlp,
        }.get(workload.name)
        if workload.name in self.servers:
            return self.servers[workload.name]
        if default is None:
            raise MeshConfigError(
                f"workload {workload.namespace}/{workload.name} has no sidecar and no address on this machine",
                hint=f"servers with a place: {', '.join(_TCP_SERVICES)}",
            )
        return LOOPBACK, default

    def outbound_tcp(self, proxy: Proxy, service: str) -> int:
        """Return the port at which the proxy's application finds a TCP service."""
        block = self.block(proxy.workload)
        found = {"postgres": block.postgres, "valkey": block.valkey}.get(service)
        if found is None:
            raise MeshConfigError(
                f"TCP service {service} has no port on this machine",
                hint=f"services with a place: {', '.join(_TCP_SERVICES)}",
            )
        return found
