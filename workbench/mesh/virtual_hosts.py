"""Route configurations of sidecars: one a port, with a virtual host for each service and each VirtualService's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import typed
from workbench.mesh.errors import unsupported
from workbench.mesh.matches import any_request
from workbench.mesh.model import DNS_DOMAIN
from workbench.mesh.registry import qualified
from workbench.mesh.routes import MESH, Vantage, default_route, routes_of

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.kinds.virtual_service import VirtualService
    from workbench.mesh.model import Json
    from workbench.mesh.registry import MeshService

_MAX_DIRECT_BODY = 1048576
_DEFAULT_HTTP_PORT = 80
"""Hosts that are no service exist on this port only."""


def route_configuration(name: str, virtual_hosts: list[Json]) -> Json:
    """Return a RouteConfiguration with Istio's usual settings."""
    return typed(
        "envoy.config.route.v3.RouteConfiguration",
        name=name,
        virtual_hosts=virtual_hosts,
        validate_clusters=False,
        ignore_port_in_host_matching=True,
        max_direct_response_body_size_bytes=_MAX_DIRECT_BODY,
    )


def virtual_host(host: str, port: int, domains: list[str], routes: list[Json]) -> Json:
    """Return a virtual host, named as Istio names it."""
    return {
        "name": f"{host}:{port}",
        "domains": domains,
        "routes": routes,
        "include_request_attempt_count": True,
    }


def http_ports(context: Context) -> list[int]:
    """Return the ports on which some service of the mesh speaks HTTP."""
    return sorted(
        {port.number for service in context.registry.services for port in service.ports if port.protocol.is_http}
    )


def render_sidecar_routes(context: Context) -> dict[str, Json]:
    """Return the outbound route configurations, named by port."""
    return {str(port): route_configuration(str(port), _virtual_hosts(context, port)) for port in http_ports(context)}


def _virtual_hosts(context: Context, port: int) -> list[Json]:
    services = {
        service.host: service
        for service in context.registry.services
        if (found := service.port(port)) is not None and found.protocol.is_http
    }
    ruled = _ruled_hosts(context)
    vantage = Vantage(context, port)
    hosts: dict[str, Json] = {}
    for host, rules in ruled.items():
        routes = routes_of(vantage, rules)
        service = services.get(host)
        if service is None and (port != _DEFAULT_HTTP_PORT or context.registry.find(host) is not None):
            continue
        if routes:
            domains = _domains(context, service) if service else [host]
            hosts[host] = virtual_host(host, port, domains, routes)
    for host, service in services.items():
        if host not in ruled:
            route = default_route(context, host, port)
            hosts[host] = virtual_host(host, port, _domains(context, service), [route])
    return [hosts[host] for host in sorted(hosts)] + [_allow_any()]


def _ruled_hosts(context: Context) -> dict[str, VirtualService]:
    ruled: dict[str, VirtualService] = {}
    for service in context.resources.virtual_services:
        if MESH not in (service.spec.gateways or [MESH]):
            continue
        for index, written in enumerate(service.spec.hosts):
            host = qualified(written, service.namespace)
            if host in ruled:
                # Istio takes the older one; YAML has no age.
                raise unsupported(service, f"spec.hosts[{index}]", f"{ruled[host]} already has routes for {host}")
            ruled[host] = service
    return ruled


def _domains(context: Context, service: MeshService) -> list[str]:
    """All names by which the proxy's application may call a service: the shortest only within its namespace."""
    short = [service.name] if service.namespace == context.proxy.namespace else []
    middle = f"{service.name}.{service.namespace}"
    address = context.addresses.cluster_ip(service.name, service.namespace)
    full = f"{middle}.{DNS_DOMAIN}"
    return [*short, middle, f"{middle}.svc", full, f"{full}.", address]


def _allow_any() -> Json:
    """Everything else goes where the application wanted it to go."""
    return {
        "name": "allow_any",
        "domains": ["*"],
        "include_request_attempt_count": True,
        "routes": [
            {
                "name": "allow_any",
                "match": any_request(),
                "route": {"cluster": "PassthroughCluster", "timeout": "0s", "max_grpc_timeout": "0s"},
            }
        ],
    }
