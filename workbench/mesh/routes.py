"""Routes: what a VirtualService's `http` entries become for one proxy and port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.mesh.clusters import outbound_name
from workbench.mesh.envoy import duration, given, millionths
from workbench.mesh.errors import invalid
from workbench.mesh.faults import per_filter_config
from workbench.mesh.headers import header_operations
from workbench.mesh.kinds.virtual_service import Mirror
from workbench.mesh.load_balancing import hash_policies
from workbench.mesh.matches import any_request, applies_to, is_catch_all, route_match
from workbench.mesh.policies import destination_rule, port_policy, subset_policy
from workbench.mesh.registry import qualified
from workbench.mesh.retries import retry_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.mesh.context import Context
    from workbench.mesh.kinds.base import Percent
    from workbench.mesh.kinds.destination_rule import LoadBalancer
    from workbench.mesh.kinds.virtual_service import (
        Destination,
        DirectResponse,
        HttpRoute,
        Redirect,
        Rewrite,
        VirtualService,
        WeightedDestination,
    )
    from workbench.mesh.model import Json

MESH = "mesh"
"""The reserved name for `all sidecars` in a VirtualService's `gateways`."""

REDIRECT_CODES = {
    0: "MOVED_PERMANENTLY",
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}

_WELL_KNOWN_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Vantage:
    """From where routes are seen: the proxy, on which port, by which gateway's name, and whether behind TLS."""

    context: Context
    port: int
    gateway: str = MESH
    tls: bool = False


def routes_of(vantage: Vantage, service: VirtualService) -> list[Json]:
    """Return the routes in order, up to the first that catches everything: none after it is ever reached."""
    routes: list[Json] = []
    for index, (match, http) in enumerate(_matches(vantage, service)):
        routes.append({"match": match, **_treatment(vantage, service, http, index)})
        if is_catch_all(match):
            break
    return routes


def default_route(context: Context, host: str, port: int) -> Json:
    """Return the route of a service that no VirtualService is about: no time-out, Istio's default retries."""
    balancer = _balancer(context, host, "", port)
    return {
        "name": "default",
        "match": any_request(),
        "route": {
            "cluster": outbound_name(port, "", host),
            **_no_timeout(),
            "retry_policy": retry_policy(None),
            **given(hash_policy=hash_policies(balancer)),
        },
    }


def cluster_of(context: Context, namespace: str, destination: Destination, port: int) -> str:
    """Return the cluster of a destination; without a port the service's only one, else the one being listened on."""
    host = qualified(destination.host, namespace)
    return outbound_name(_destination_port(context, host, destination, port), destination.subset, host)


def _destination_port(context: Context, host: str, destination: Destination, port: int) -> int:
    if destination.port is not None:
        return destination.port.number
    service = context.registry.find(host)
    if service is not None and len(service.ports) == 1:
        return service.ports[0].number
    return port


def _matches(vantage: Vantage, service: VirtualService) -> Iterator[tuple[Json, HttpRoute]]:
    proxy = vantage.context.proxy
    for http in service.spec.http:
        if not http.match:
            yield any_request(), http
        for match in http.match:
            if applies_to(
                match,
                gateway=vantage.gateway,
                labels=proxy.workload.labels,
                namespace=proxy.namespace,
                port=vantage.port,
            ):
                yield route_match(match), http


def _treatment(vantage: Vantage, service: VirtualService, http: HttpRoute, index: int) -> Json:
    name = given(name=http.name)
    if http.redirect is not None:
        return {**name, **header_operations(http.headers), "redirect": _redirect(vantage, http.redirect)}
    if http.direct_response is not None:
        return {**name, **header_operations(http.headers), "direct_response": _direct(http.direct_response)}
    if not http.route:
        raise invalid(service, f"spec.http[{index}]", "HTTP route, redirect or direct_response is required")
    single = http.route[0] if len(http.route) == 1 else None
    return {
        **name,
        **header_operations(http.headers, *([single.headers] if single else [])),
        "route": _forward(vantage, service.namespace, http),
        **given(typed_per_filter_config=per_filter_config(http)),
    }


def _forward(vantage: Vantage, namespace: str, http: HttpRoute) -> Json:
    hashes = [_hashes(vantage, namespace, one) for one in http.route if one.weight or len(http.route) == 1]
    hashing = len(http.route) == 1 and bool(hashes[0])
    timeout = duration(http.timeout) if http.timeout else None
    return {
        **_target(vantage, namespace, http.route),
        **({"timeout": timeout, "max_grpc_timeout": timeout} if timeout else _no_timeout()),
        **given(
            retry_policy=retry_policy(http.retries, hashing=hashing),
            hash_policy=[policy for policies in hashes for policy in policies],
            request_mirror_policies=[_mirror(vantage, namespace, mirror) for mirror in _mirrors(http)],
        ),
        **(_rewrite(http.rewrite) if http.rewrite else {}),
    }


def _target(vantage: Vantage, namespace: str, route: list[WeightedDestination]) -> Json:
    def cluster(one: WeightedDestination) -> str:
        return cluster_of(vantage.context, namespace, one.destination, vantage.port)

    if len(route) == 1:
        return {"cluster": cluster(route[0])}
    return {
        "weighted_clusters": {
            "clusters": [
                {"name": cluster(one), "weight": one.weight, **header_operations(one.headers)}
                for one in route
                if one.weight
            ]
        }
    }


def _hashes(vantage: Vantage, namespace: str, one: WeightedDestination) -> list[Json]:
    host = qualified(one.destination.host, namespace)
    port = _destination_port(vantage.context, host, one.destination, vantage.port)
    return hash_policies(_balancer(vantage.context, host, one.destination.subset, port))


def _balancer(context: Context, host: str, subset_name: str, port: int) -> LoadBalancer | None:
    service = context.registry.find(host)
    rule = destination_rule(context, service) if service else None
    if rule is None:
        return None
    subset = next((one for one in rule.spec.subsets if one.name == subset_name), None)
    policy = subset_policy(rule, subset, port) if subset else port_policy(rule.spec.traffic_policy, port)
    return policy.load_balancer


def _mirrors(http: HttpRoute) -> list[Mirror]:
    first = [Mirror(destination=http.mirror, percentage=http.mirror_percentage)] if http.mirror else []
    return [one for one in first + http.mirrors if one.percentage is None or one.percentage.value > 0]


def _mirror(vantage: Vantage, namespace: str, mirror: Mirror) -> Json:
    return {
        "cluster": cluster_of(vantage.context, namespace, mirror.destination, vantage.port),
        "runtime_fraction": {"default_value": _fraction(mirror.percentage)},
        "trace_sampled": False,
        "disable_shadow_host_suffix_append": True,
    }


def _fraction(percentage: Percent | None) -> Json:
    # Without a percentage all requests are mirrored.
    return millionths(percentage) if percentage else {"numerator": 100, "denominator": "HUNDRED"}


def _rewrite(rewrite: Rewrite) -> Json:
    regex = rewrite.uri_regex_rewrite
    return given(
        regex_rewrite={"pattern": {"regex": regex.match}, "substitution": regex.rewrite} if regex else None,
        prefix_rewrite=None if regex else rewrite.uri,
        host_rewrite_literal=rewrite.authority,
    )


def _redirect(vantage: Vantage, redirect: Redirect) -> Json:
    scheme = redirect.scheme or ("https" if vantage.tls else "http")
    port = vantage.port if redirect.derive_port == "FROM_REQUEST_PORT" else redirect.port
    return given(
        host_redirect=redirect.authority,
        scheme_redirect=redirect.scheme,
        port_redirect=None if port == _WELL_KNOWN_PORTS.get(scheme) else port,
        prefix_rewrite=redirect.prefix_rewrite,
        path_redirect=None if redirect.prefix_rewrite else redirect.uri,
        response_code=REDIRECT_CODES[redirect.redirect_code],
    )


def _direct(response: DirectResponse) -> Json:
    body = response.body
    return given(
        status=response.status,
        body=given(inline_string=body.string, inline_bytes=body.bytes) if body else None,
    )


def _no_timeout() -> Json:
    return {"timeout": "0s", "max_grpc_timeout": "0s"}
