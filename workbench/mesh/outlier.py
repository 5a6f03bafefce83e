"""Outlier detection: which failures eject a host, for how long, and how many may be out at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import given, optional_duration

if TYPE_CHECKING:
    from workbench.mesh.kinds.destination_rule import OutlierDetection
    from workbench.mesh.model import Json


def outlier_detection(policy: OutlierDetection) -> Json:
    """Return Envoy's settings: only counts that are set are enforced, success rate never is."""
    return given(
        **_enforced("consecutive_5xx", policy.consecutive5xx_errors),
        **_enforced("consecutive_gateway_failure", policy.consecutive_gateway_errors),
        interval=optional_duration(policy.interval),
        base_ejection_time=optional_duration(policy.base_ejection_time),
        max_ejection_percent=policy.max_ejection_percent or None,
        enforcing_success_rate=0,
        **_local_origin(policy),
    )


def panic_threshold(policy: OutlierDetection | None) -> Json:
    """Return the share of healthy hosts below which Envoy uses all: never, unless `minHealthPercent` is set."""
    percent = policy.min_health_percent if policy else 0
    return {"healthy_panic_threshold": {"value": percent} if percent else {}}


def _enforced(field: str, count: int | None) -> Json:
    if count is None:
        return {}
    return {field: count, f"enforcing_{field}": 100 if count > 0 else 0}


def _local_origin(policy: OutlierDetection) -> Json:
    if not policy.split_external_local_origin_errors:
        return {}
    count = policy.consecutive_local_origin_failures
    return {
        "split_external_local_origin_errors": True,
        **(_enforced("consecutive_local_origin_failure", count) if count else {}),
        "enforcing_local_origin_success_rate": 0,
    }
