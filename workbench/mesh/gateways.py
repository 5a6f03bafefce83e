"""The ingress gateway's listeners and routes: which servers are its own, and whose routes they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.mesh.envoy import given, typed
from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.filters import gateway_manager
from workbench.mesh.listeners import CHAIN_TIMEOUT, LISTENER, address, tls_inspector
from workbench.mesh.registry import target_port
from workbench.mesh.routes import Vantage, routes_of
from workbench.mesh.tls import gateway_tls
from workbench.mesh.virtual_hosts import route_configuration, virtual_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.mesh.context import Context
    from workbench.mesh.kinds.gateway import Gateway, Server
    from workbench.mesh.kinds.virtual_service import VirtualService
    from workbench.mesh.model import Json

_ANY = "0.0.0.0"  # noqa: S104 -- a gateway serves everyone


@dataclass(frozen=True)
class GatewayServer:
    """One server of a Gateway object, with the port on which the gateway's pods really listen."""

    gateway: Gateway
    server: Server
    path: str
    port: int

    @property
    def is_https(self) -> bool:
        """Whether the gateway terminates TLS."""
        return self.server.port.protocol == "HTTPS"

    @property
    def gateway_name(self) -> str:
        """The name by which VirtualServices bind to it."""
        return f"{self.gateway.namespace}/{self.gateway.name}"

    @property
    def route_name(self) -> str:
        """Istio's name: all plain servers of a port share one, each TLS server has its own."""
        if not self.is_https:
            return f"http.{self.port}"
        return f"https.{self.port}.{self.server.port.name}.{self.gateway.name}.{self.gateway.namespace}"

    @property
    def hosts(self) -> list[str]:
        """The hosts, without the namespace that may stand before them."""
        return [host.rsplit("/", 1)[-1] for host in self.server.hosts]

    def hosts_for(self, service: VirtualService) -> list[str]:
        """The hosts that may be served by a VirtualService of that namespace (`./host`, `namespace/host`)."""
        own = "." if service.namespace == self.gateway.namespace else service.namespace
        return [
            host.rsplit("/", 1)[-1]
            for host in self.server.hosts
            if "/" not in host or host.split("/", 1)[0] in ("*", own, service.namespace)
        ]


def servers_of(context: Context) -> list[GatewayServer]:
    """Return the servers of all Gateways that select the proxy's pods; refuses what is not HTTP."""
    labels = context.proxy.workload.labels
    return [
        _checked(GatewayServer(gateway, server, f"spec.servers[{index}]", _pod_port(context, server.port.number)))
        for gateway in context.resources.gateways
        if gateway.spec.selector.items() <= labels.items()
        for index, server in enumerate(gateway.spec.servers)
    ]


def render_gateway_routes(context: Context) -> dict[str, Json]:
    """Return the route configurations of all servers."""
    return {
        name: route_configuration(name, _virtual_hosts(context, servers))
        for name, servers in _grouped(context, lambda one: one.route_name).items()
    }


def render_gateway_listeners(context: Context) -> dict[str, Json]:
    """Return a listener for each port; TLS servers share a port by the name that the client asks for."""
    listeners = {}
    for key, servers in _grouped(context, lambda one: str(one.port)).items():
        port = int(key)
        secure = servers[0].is_https
        if any(one.is_https != secure for one in servers):
            raise invalid(servers[-1].gateway, servers[-1].path, f"port {port} cannot be both HTTP and HTTPS")
        chosen = servers if secure else servers[:1]  # plain servers differ by virtual host only
        listeners[f"{_ANY}_{port}"] = typed(
            LISTENER,
            name=f"{_ANY}_{port}",
            address=address(_ANY, port),
            traffic_direction="OUTBOUND",
            max_connections_to_accept_per_socket_event=1,
            filter_chains=[_chain(context, one) for one in chosen],
            **given(listener_filters=[tls_inspector()] if secure else None),
        )
    return listeners


def _grouped(context: Context, key: Callable[[GatewayServer], str]) -> dict[str, list[GatewayServer]]:
    groups: dict[str, list[GatewayServer]] = {}
    for one in servers_of(context):
        groups.setdefault(key(one), []).append(one)
    return groups


def _chain(context: Context, one: GatewayServer) -> Json:
    names = [host for host in one.hosts if host != "*"] if one.is_https else []
    tls = gateway_tls(one.server.tls) if one.is_https and one.server.tls else None
    return {
        **given(filter_chain_match=given(server_names=names), transport_socket=tls),
        "filters": [gateway_manager(context, one.port, one.route_name)],
        **CHAIN_TIMEOUT,
    }


def _virtual_hosts(context: Context, servers: list[GatewayServer]) -> list[Json]:
    hosts: dict[str, Json] = {}
    for one in servers:
        mine = _served(context, one)
        for host, (service, routes) in mine.items():
            if host in hosts:
                raise unsupported(service, "spec.hosts", f"another VirtualService already serves {host} here")
            hosts[host] = virtual_host(host, one.server.port.number, [host], routes)
        if one.server.tls is not None and one.server.tls.https_redirect:
            for host in one.hosts:
                hosts.setdefault(host, virtual_host(host, one.server.port.number, [host], []))
            for host in {*one.hosts, *mine}:
                hosts[host]["require_tls"] = "ALL"
    if not hosts:
        return [{"name": f"blackhole:{servers[0].server.port.number}", "domains": ["*"]}]
    return [hosts[host] for host in sorted(hosts)]


def _served(context: Context, one: GatewayServer) -> dict[str, tuple[VirtualService, list[Json]]]:
    """Return the routes of each host that the server and a VirtualService bound to it have in common."""
    found: dict[str, tuple[VirtualService, list[Json]]] = {}
    vantage = Vantage(context, one.server.port.number, one.gateway_name, tls=one.server.tls is not None)
    for service in context.resources.virtual_services:
        names = {name if "/" in name else f"{service.namespace}/{name}" for name in service.spec.gateways}
        if one.gateway_name not in names:
            continue
        for host in _common_hosts(one.hosts_for(service), service.spec.hosts):
            if host in found:
                raise unsupported(service, "spec.hosts", f"{found[host][0]} already serves {host}")
            found[host] = (service, routes_of(vantage, service))
    return found


def _common_hosts(served: list[str], wanted: list[str]) -> list[str]:
    """Return the hosts that both sides name; of a wildcard and a name that it covers, the name."""
    common = [b if _covers(a, b) else a for a in served for b in wanted if _covers(a, b) or _covers(b, a)]
    return list(dict.fromkeys(host.lower() for host in common))


def _covers(pattern: str, host: str) -> bool:
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


def _pod_port(context: Context, number: int) -> int:
    """Return where the gateway's pods listen for a port of their Service; the number itself when no Service maps it."""
    for service in context.registry.of_workload(context.proxy.workload):
        port = service.port(number)
        target = target_port(port, context.proxy.workload) if port else None
        if target is not None:
            return target
    return number


def _checked(one: GatewayServer) -> GatewayServer:
    protocol, tls = one.server.port.protocol, one.server.tls
    if protocol not in ("HTTP", "HTTP2", "GRPC", "HTTPS"):
        raise unsupported(one.gateway, f"{one.path}.port.protocol", f"{protocol} is not supported here")
    if not one.is_https:
        return one
    if tls is None or tls.mode not in (None, "SIMPLE", "MUTUAL"):
        raise unsupported(one.gateway, f"{one.path}.tls.mode", "only SIMPLE and MUTUAL are supported here")
    if not tls.credential_name:
        raise invalid(one.gateway, f"{one.path}.tls", "TLS needs credentialName")
    return one
