"""What Istio refuses beyond its schema is refused here, with Istio's own words, before anything is rendered.

The schema's part (types, unknown fields, durations, enumerations) is the models'; this is the part of the admission
webhook: ranges, combinations, regular expressions, known conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.rbac_validation import validate_authorization
from workbench.mesh.validation_routes import validate_virtual_service

if TYPE_CHECKING:
    from workbench.mesh.kinds.destination_rule import DestinationRule, PolicyParts
    from workbench.mesh.kinds.gateway import Gateway
    from workbench.mesh.kinds.security import PeerAuthentication, RequestAuthentication
    from workbench.mesh.model import Resources


def validate(resources: Resources) -> None:
    """Raise MeshConfigError for the first object that Istio would refuse."""
    for service in resources.virtual_services:
        validate_virtual_service(service)
    for rule in resources.destination_rules:
        _destination_rule(rule)
    for gateway in resources.gateways:
        _gateway(gateway)
    for peer in resources.peer_authentications:
        _peer_authentication(peer)
    for request in resources.request_authentications:
        _request_authentication(request)
    for policy in resources.authorization_policies:
        validate_authorization(policy)


def _destination_rule(rule: DestinationRule) -> None:
    policies: list[tuple[str, PolicyParts]] = []
    if rule.spec.traffic_policy:
        policies.append(("spec.trafficPolicy", rule.spec.traffic_policy))
    names = [subset.name for subset in rule.spec.subsets]
    if len(set(names)) != len(names):
        raise invalid(rule, "spec.subsets", "duplicate subset names")
    for index, subset in enumerate(rule.spec.subsets):
        if subset.traffic_policy:
            policies.append((f"spec.subsets[{index}].trafficPolicy", subset.traffic_policy))
    for path, policy in list(policies):
        for index, exception in enumerate(getattr(policy, "port_level_settings", ())):
            policies.append((f"{path}.portLevelSettings[{index}]", exception))
    for path, policy in policies:
        _traffic_policy(rule, path, policy)


def _traffic_policy(rule: DestinationRule, path: str, policy: PolicyParts) -> None:
    outlier = policy.outlier_detection
    if outlier is not None:
        for field, percent in (
            ("maxEjectionPercent", outlier.max_ejection_percent),
            ("minHealthPercent", outlier.min_health_percent),
        ):
            if percent not in range(101):
                raise invalid(rule, f"{path}.outlierDetection.{field}", f"percentage {percent} is not in range 0..100")
    _pool(rule, f"{path}.connectionPool", policy)
    balancer = policy.load_balancer
    if balancer is not None:
        if balancer.simple is not None and balancer.consistent_hash is not None:
            raise invalid(rule, f"{path}.loadBalancer", "only one of simple and consistentHash can be set")
        if balancer.simple == "PASSTHROUGH":
            raise unsupported(rule, f"{path}.loadBalancer.simple", "PASSTHROUGH is not supported here")
    if policy.tls is not None and policy.tls.mode == "MUTUAL":
        raise unsupported(rule, f"{path}.tls.mode", "MUTUAL with certificates of one's own is not supported here")


def _pool(rule: DestinationRule, path: str, policy: PolicyParts) -> None:
    if policy.connection_pool is None:
        return
    tcp, http = policy.connection_pool.tcp, policy.connection_pool.http
    numbers = {
        "tcp.maxConnections": tcp.max_connections,
        "http.http1MaxPendingRequests": http.http1_max_pending_requests,
        "http.http2MaxRequests": http.http2_max_requests,
        "http.maxRequestsPerConnection": http.max_requests_per_connection,
        "http.maxRetries": http.max_retries,
        "http.maxConcurrentStreams": http.max_concurrent_streams,
    }
    for field, number in numbers.items():
        if number < 0:
            raise invalid(rule, f"{path}.{field}", "must be non-negative")


def _gateway(gateway: Gateway) -> None:
    names = [server.port.name for server in gateway.spec.servers]
    for index, server in enumerate(gateway.spec.servers):
        if names.count(server.port.name) > 1:
            raise invalid(
                gateway,
                f"spec.servers[{index}].port.name",
                "port names in servers must be unique: duplicate name " + server.port.name,
            )
        redirect = server.tls is not None and server.tls.https_redirect
        if redirect and server.port.protocol != "HTTP":
            raise invalid(
                gateway, f"spec.servers[{index}].tls.httpsRedirect", "only HTTP servers can redirect to HTTPS"
            )


def _peer_authentication(policy: PeerAuthentication) -> None:
    if not policy.spec.port_level_mtls:
        return
    if policy.spec.selector is None or not policy.spec.selector.match_labels:
        raise invalid(policy, "spec", "portLevelMtls requires selector")
    for port in policy.spec.port_level_mtls:
        if port not in range(1, 65536):
            raise invalid(policy, "spec.portLevelMtls", "port must be between 1-65535")


def _request_authentication(policy: RequestAuthentication) -> None:
    for index, rule in enumerate(policy.spec.jwt_rules):
        if rule.jwks and rule.jwks_uri:
            raise invalid(policy, f"spec.jwtRules[{index}]", "only one of jwks or jwksUri can be set")
        if not rule.issuer:
            raise invalid(policy, f"spec.jwtRules[{index}].issuer", "issuer must be set")
