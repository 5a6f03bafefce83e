"""Faults and CORS: what a single route adds to the filters that every connection manager has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import duration, given, millionths, typed
from workbench.mesh.matches import string_match

if TYPE_CHECKING:
    from workbench.mesh.kinds.virtual_service import Abort, CorsPolicy, Delay, Fault, HttpRoute
    from workbench.mesh.model import Json

FAULT_FILTER = "envoy.filters.http.fault"
CORS_FILTER = "envoy.filters.http.cors"

GRPC_STATUS = {
    name: number
    for number, name in enumerate(
        (
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        )
    )
}
"""gRPC's status codes by name."""


def per_filter_config(route: HttpRoute) -> Json:
    """Return the route's own settings of filters, by filter name; empty when it has none."""
    return given(
        **{
            FAULT_FILTER: _fault(route.fault) if route.fault else None,
            CORS_FILTER: _cors(route.cors_policy) if route.cors_policy else None,
        }
    )


def _fault(fault: Fault) -> Json:
    settings = given(
        delay=_delay(fault.delay) if fault.delay else None, abort=_abort(fault.abort) if fault.abort else None
    )
    return typed("envoy.extensions.filters.http.fault.v3.HTTPFault", **settings)


def _delay(delay: Delay) -> Json:
    # Without a percentage Envoy reads 0: the delay never happens. That is Istio's meaning, too.
    percentage = millionths(delay.percentage) if delay.percentage else {}
    return {**given(fixed_delay=duration(delay.fixed_delay) if delay.fixed_delay else None), "percentage": percentage}


def _abort(abort: Abort) -> Json:
    return given(
        http_status=abort.http_status,
        grpc_status=GRPC_STATUS[abort.grpc_status] if abort.grpc_status else None,
        percentage=millionths(abort.percentage) if abort.percentage else None,
    )


def _cors(policy: CorsPolicy) -> Json:
    return typed(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        **given(
            allow_origin_string_match=[string_match(origin) for origin in policy.allow_origins],
            allow_methods=",".join(policy.allow_methods),
            allow_headers=",".join(policy.allow_headers),
            expose_headers=",".join(policy.expose_headers),
            max_age=str(int(policy.max_age.total_seconds())) if policy.max_age else None,
            allow_credentials=policy.allow_credentials,
            filter_enabled={"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
            forward_not_matching_preflights=policy.unmatched_preflights != "IGNORE",
        ),
    )
