"""What Istio refuses of an AuthorizationPolicy, and the attributes that it knows."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from workbench.mesh.errors import invalid, unsupported

if TYPE_CHECKING:
    from workbench.mesh.kinds.security import AuthorizationPolicy, Condition, Operation, Source

KNOWN_KEYS = frozenset(
    {
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
    }
)
_KNOWN_PATTERN = re.compile(r"(request\.headers\[[^\[\]]+\]|request\.auth\.claims(\[[^\[\]]+\])+|experimental\..+)")


def validate_authorization(policy: AuthorizationPolicy) -> None:
    """Raise MeshConfigError for what Istio refuses, UnsupportedError for path templates."""
    name = f"invalid policy {policy.name}.{policy.namespace}"
    if policy.spec.action == "DENY" and not policy.spec.rules:
        raise invalid(
            policy,
            "spec.rules",
            f"{name}: DENY action without `rules` is meaningless as it will never be triggered, add an empty rule "
            "`{}` if you want it be triggered for every request",
        )
    for index, rule in enumerate(policy.spec.rules):
        path = f"spec.rules[{index}]"
        for number, source in enumerate(rule.from_):
            _source(policy, f"{path}.from[{number}].source", source.source)
        for number, to in enumerate(rule.to):
            _operation(policy, f"{path}.to[{number}].operation", to.operation)
        for number, one in enumerate(rule.when):
            _condition(policy, f"{path}.when[{number}]", one)


def _source(policy: AuthorizationPolicy, path: str, source: Source) -> None:
    if not any(getattr(source, field) for field in type(source).model_fields):
        raise invalid(policy, path, "`from.source` must not be empty")
    for block in (*source.ip_blocks, *source.not_ip_blocks, *source.remote_ip_blocks, *source.not_remote_ip_blocks):
        _address(policy, path, block)


def _operation(policy: AuthorizationPolicy, path: str, operation: Operation) -> None:
    if not any(getattr(operation, field) for field in type(operation).model_fields):
        raise invalid(policy, path, "`to.operation` must not be empty")
    for text in (*operation.paths, *operation.not_paths):
        if "{" in text:
            raise unsupported(policy, f"{path}.paths", f"the path template {text} is not supported here")
    for port in (*operation.ports, *operation.not_ports):
        _port(policy, f"{path}.ports", port)


def _condition(policy: AuthorizationPolicy, path: str, one: Condition) -> None:
    if one.key not in KNOWN_KEYS and not _KNOWN_PATTERN.fullmatch(one.key):
        raise invalid(policy, f"{path}.key", f"invalid `value` for `key` {one.key}: unknown attribute: {one.key}")
    if not one.values and not one.not_values:
        raise invalid(policy, path, "at least one of `values` or `notValues` must be set")
    for value in (*one.values, *one.not_values):
        if one.key == "destination.port":
            _port(policy, f"{path}.values", value)
        elif one.key in ("source.ip", "remote.ip", "destination.ip"):
            _address(policy, f"{path}.values", value)


def _port(policy: AuthorizationPolicy, path: str, text: str) -> None:
    if not text.isdigit() or int(text) not in range(1, 65536):
        raise invalid(policy, path, f"invalid port {text}, must be in the range 1..65535")


def _address(policy: AuthorizationPolicy, path: str, text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise invalid(policy, path, f"invalid IP or CIDR {text}") from error
