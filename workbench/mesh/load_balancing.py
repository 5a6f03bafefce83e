"""Load balancing: the cluster's algorithm, and for consistent hashing the route's hash policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import duration, given, optional_duration

if TYPE_CHECKING:
    from workbench.mesh.kinds.destination_rule import ConsistentHash, LoadBalancer, Warmup
    from workbench.mesh.model import Json

_MINIMUM_RING_SIZE = 1024
"""Istio's default (Envoy's is the same)."""

_UNUSED_RUNTIME_KEY = "("
"""Envoy demands a runtime key beside the value; Istio writes this one, which nothing ever sets."""


def load_balancing(policy: LoadBalancer | None) -> Json:
    """Return the cluster's fields for the algorithm; LEAST_REQUEST unless told otherwise."""
    if policy is None:
        return {"lb_policy": "LEAST_REQUEST"}
    if policy.consistent_hash is not None:
        return _hashing(policy.consistent_hash)
    warmup = _slow_start(policy.warmup)
    if policy.simple == "ROUND_ROBIN":
        return {"lb_policy": "ROUND_ROBIN", **({"round_robin_lb_config": warmup} if warmup else {})}
    if policy.simple == "RANDOM":
        return {"lb_policy": "RANDOM"}
    return {"lb_policy": "LEAST_REQUEST", **({"least_request_lb_config": warmup} if warmup else {})}


def hash_policies(policy: LoadBalancer | None) -> list[Json]:
    """Return what a route hashes of a request; empty without consistent hashing."""
    if policy is None or policy.consistent_hash is None:
        return []
    chosen = policy.consistent_hash
    if chosen.http_header_name:
        return [{"header": {"header_name": chosen.http_header_name}}]
    if chosen.http_cookie:
        cookie = chosen.http_cookie
        return [{"cookie": given(name=cookie.name, path=cookie.path, ttl=optional_duration(cookie.ttl))}]
    if chosen.http_query_parameter_name:
        return [{"query_parameter": {"name": chosen.http_query_parameter_name}}]
    return [{"connection_properties": {"source_ip": True}}]


def _hashing(policy: ConsistentHash) -> Json:
    if policy.maglev is not None:
        size = policy.maglev.table_size
        return {"lb_policy": "MAGLEV", **given(maglev_lb_config=given(table_size=size or None))}
    size = (policy.ring_hash.minimum_ring_size if policy.ring_hash else 0) or _MINIMUM_RING_SIZE
    return {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": size}}


def _slow_start(warmup: Warmup | None) -> Json:
    if warmup is None:
        return {}
    aggression = warmup.aggression
    return {
        "slow_start_config": given(
            slow_start_window=duration(warmup.duration),
            aggression={"default_value": aggression, "runtime_key": _UNUSED_RUNTIME_KEY} if aggression else None,
            min_weight_percent={"value": warmup.minimum_percent} if warmup.minimum_percent is not None else None,
        )
    }
