"""Authorization: Envoy's rbac filters for the policies that apply to a workload, DENY before ALLOW.

Istio's rules are: a policy is the union of its rules; a rule needs one of its sources, one of its operations and all of
its conditions; a field needs one of its values and none of its `not` values. An ALLOW policy without rules matches
nothing, and because an ALLOW policy exists, nothing is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import extension
from workbench.mesh.errors import unsupported
from workbench.mesh.policies import applying
from workbench.mesh.rbac_values import PERMISSION_KEYS, PRINCIPAL_KEYS, condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.mesh.context import Context
    from workbench.mesh.kinds.security import AuthorizationPolicy, Condition, From, Operation, Rule, Source, To
    from workbench.mesh.model import Json

RBAC_FILTER = "envoy.filters.http.rbac"
_RULES, _IDS = ("and_rules", "or_rules", "not_rule", "rules"), ("and_ids", "or_ids", "not_id", "ids")


def rbac_filters(context: Context) -> list[Json]:
    """Return the filters of the proxy's workload: for DENY, then for ALLOW; none when no policy applies."""
    policies = applying(context.resources.authorization_policies, context.proxy.workload)
    for policy in policies:
        if policy.spec.action in ("AUDIT", "CUSTOM"):
            raise unsupported(policy, "spec.action", f"{policy.spec.action} is not supported here")
    return [
        _filter(action, chosen)
        for action in ("DENY", "ALLOW")
        if (chosen := [policy for policy in policies if policy.spec.action == action])
    ]


def _filter(action: str, policies: Sequence[AuthorizationPolicy]) -> Json:
    rules: Json = {"policies": {name: rule for policy in policies for name, rule in _rules(policy).items()}}
    return extension(
        RBAC_FILTER,
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        rules={"action": action, **rules},
        shadow_rules_stat_prefix="istio_dry_run_allow_",
    )


def _rules(policy: AuthorizationPolicy) -> dict[str, Json]:
    name = f"ns[{policy.namespace}]-policy[{policy.name}]-rule"
    if not policy.spec.rules:
        return {f"{name}[0]": {"permissions": [{"not_rule": {"any": True}}], "principals": [{"not_id": {"any": True}}]}}
    return {f"{name}[{index}]": _rule(policy, index, rule) for index, rule in enumerate(policy.spec.rules)}


def _rule(policy: AuthorizationPolicy, index: int, rule: Rule) -> Json:
    for number, one in enumerate(rule.when):
        if one.key.startswith("request.headers[") or one.key.startswith("request.auth.claims["):
            continue
        if one.key not in PERMISSION_KEYS | PRINCIPAL_KEYS:
            raise unsupported(policy, f"spec.rules[{index}].when[{number}].key", f"{one.key} is not supported here")
    on_what = [one for one in rule.when if one.key in PERMISSION_KEYS]
    from_where = [one for one in rule.when if one.key not in PERMISSION_KEYS]
    return {
        "permissions": [_permission(to, on_what) for to in (*rule.to,) or (None,)],
        "principals": [_principal(source, from_where) for source in (*rule.from_,) or (None,)],
    }


def _permission(to: To | None, when: Sequence[Condition]) -> Json:
    return _all(_RULES, [*(_operation(to.operation) if to else ()), *_conditions(_RULES, when)])


def _principal(source: From | None, when: Sequence[Condition]) -> Json:
    return _all(_IDS, [*(_source(source.source) if source else ()), *_conditions(_IDS, when)])


def _operation(operation: Operation) -> list[Json]:
    return [
        *_field(_RULES, "host", operation.hosts, operation.not_hosts),
        *_field(_RULES, "method", operation.methods, operation.not_methods),
        *_field(_RULES, "path", operation.paths, operation.not_paths),
        *_field(_RULES, "destination.port", operation.ports, operation.not_ports),
    ]


def _source(source: Source) -> list[Json]:
    return [
        *_field(_IDS, "source.principal", source.principals, source.not_principals),
        *_field(_IDS, "request.auth.principal", source.request_principals, source.not_request_principals),
        *_field(_IDS, "source.namespace", source.namespaces, source.not_namespaces),
        *_field(_IDS, "remote.ip", source.remote_ip_blocks, source.not_remote_ip_blocks),
        *_field(_IDS, "source.ip", source.ip_blocks, source.not_ip_blocks),
    ]


def _conditions(words: tuple[str, ...], when: Sequence[Condition]) -> list[Json]:
    return [part for one in when for part in _field(words, one.key, one.values, one.not_values)]


def _field(words: tuple[str, ...], key: str, values: Sequence[str], not_values: Sequence[str]) -> list[Json]:
    """One of the values, and none of the others."""
    parts = [_any(words, key, values)] if values else []
    return [*parts, {words[2]: _any(words, key, not_values)}] if not_values else parts


def _any(words: tuple[str, ...], key: str, values: Sequence[str]) -> Json:
    alternatives = [condition(key, value) for value in values]
    if len(alternatives) == 1 and key.startswith("request.auth."):
        return alternatives[0]  # a claim is one matcher of its own, as Istio writes it
    return {words[1]: {words[3]: alternatives}}


def _all(words: tuple[str, ...], parts: list[Json]) -> Json:
    return {words[0]: {words[3]: parts or [{"any": True}]}}
