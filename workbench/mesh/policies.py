"""Which policy applies: Istio's precedence and inheritance, apart from what the policies mean to Envoy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from workbench.mesh.context import ROOT_NAMESPACE
from workbench.mesh.errors import unsupported
from workbench.mesh.kinds.destination_rule import PolicyParts
from workbench.mesh.registry import qualified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.mesh.context import Context
    from workbench.mesh.kinds.base import LabelSelector
    from workbench.mesh.kinds.destination_rule import DestinationRule, Subset, TrafficPolicy
    from workbench.mesh.kinds.security import PeerAuthentication
    from workbench.mesh.model import Workload
    from workbench.mesh.registry import MeshService

    class _Spec(Protocol):
        @property
        def selector(self) -> LabelSelector | None: ...

    class _Selecting(Protocol):
        @property
        def namespace(self) -> str: ...
        @property
        def spec(self) -> _Spec: ...


_S = TypeVar("_S", bound="_Selecting")

Mode = Literal["DISABLE", "PERMISSIVE", "STRICT"]


def applying(policies: Iterable[_S], workload: Workload) -> list[_S]:
    """Return the policies that select a workload: of its namespace or the root namespace, by label or for all."""
    labels = dict(workload.labels)
    return [
        policy
        for policy in policies
        if policy.namespace in (workload.namespace, ROOT_NAMESPACE)
        and (policy.spec.selector is None or policy.spec.selector.selects(labels))
    ]


def nearest(policies: Iterable[_S], workload: Workload) -> list[list[_S]]:
    """Return the applying policies in levels: those that select the workload by label, its namespace's, the mesh's."""
    levels: list[list[_S]] = [[], [], []]
    for policy in applying(policies, workload):
        by_label = policy.spec.selector is not None and bool(policy.spec.selector.match_labels)
        levels[0 if by_label else 1 if policy.namespace == workload.namespace else 2].append(policy)
    return levels


def mtls_mode(context: Context, workload: Workload, port: int | None = None) -> Mode:
    """Return what a workload accepts on a port (None: on ports that no policy names); PERMISSIVE unless told."""
    mode: Mode = "PERMISSIVE"
    for level in reversed(nearest(context.resources.peer_authentications, workload)):
        policy = _only(level)
        if policy is None:
            continue
        if policy.spec.mtls.mode != "UNSET":
            mode = policy.spec.mtls.mode
        exception = policy.spec.port_level_mtls.get(port) if port is not None else None
        if exception is not None and exception.mode != "UNSET":
            mode = exception.mode
    return mode


def _only(level: list[PeerAuthentication]) -> PeerAuthentication | None:
    if len(level) > 1:
        # Istio takes the older one; YAML has no age.
        raise unsupported(level[1], "spec.selector", f"{level[0]} already applies to the same workload")
    return level[0] if level else None


def destination_rule(context: Context, service: MeshService) -> DestinationRule | None:
    """Return the rule by which this proxy talks to a service: its own namespace's first, then the service's."""
    labels = dict(context.proxy.workload.labels)
    for namespace in dict.fromkeys((context.proxy.namespace, service.namespace, ROOT_NAMESPACE)):
        here = [
            rule
            for rule in context.resources.destination_rules
            if rule.namespace == namespace and _covers(rule, service.host)
        ]
        selected = [
            rule
            for rule in here
            if rule.spec.workload_selector is not None
            and namespace == context.proxy.namespace
            and rule.spec.workload_selector.selects(labels)
        ]
        candidates = selected or [rule for rule in here if rule.spec.workload_selector is None]
        if len(candidates) > 1:
            raise unsupported(candidates[1], "spec.host", f"{candidates[0]} already has a rule for {service.host}")
        if candidates:
            return candidates[0]
    return None


def _covers(rule: DestinationRule, host: str) -> bool:
    pattern = qualified(rule.spec.host, rule.namespace)
    if pattern.startswith("*"):
        raise unsupported(rule, "spec.host", "a wildcard host is not supported here")
    return pattern == host


def port_policy(policy: TrafficPolicy | None, port: int) -> PolicyParts:
    """Return a service's policy for one port: settings for that port replace everything, they inherit nothing."""
    return _on_port(PolicyParts(), policy, port)


def subset_policy(rule: DestinationRule, subset: Subset, port: int) -> PolicyParts:
    """Return a subset's policy for one port: what it does not set comes, part by part, from the service's."""
    return _on_port(port_policy(rule.spec.traffic_policy, port), subset.traffic_policy, port)


def _on_port(inherited: PolicyParts, policy: TrafficPolicy | None, port: int) -> PolicyParts:
    if policy is None:
        return inherited
    for exception in policy.port_level_settings:
        if exception.port.number == port:
            return exception
    return inherited.model_copy(
        update={part: value for part in PolicyParts.model_fields if (value := getattr(policy, part)) is not None}
    )
