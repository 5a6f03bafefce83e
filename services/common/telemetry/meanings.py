"""What the names of the registry mean, how stable they are, and how many series each metric may have in one process.

The registry holds what code needs at run time; this holds what people need, and what tests hold the services to:
`docs/telemetry.md` is generated from both, and an adversarial client must not be able to exceed a budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.common.telemetry import registry
from services.common.telemetry.registry import (
    CacheResult,
    DropReason,
    Header,
    Label,
    LogField,
    LokiLabel,
    SpanAttribute,
)


class Stability(StrEnum):
    """What may change. OpenTelemetry's words."""

    STABLE = "stable"
    """Its name and labels change only with a release that says so."""
    DEVELOPMENT = "development"
    """May change with any release."""


@dataclass(frozen=True)
class Meaning:
    """What a name stands for; `values` is what it may be, in words."""

    text: str
    values: str = ""


LABELS: Final = {
    Label.METHOD: Meaning("Method of the request", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or _OTHER"),
    Label.ROUTE: Meaning("Full template of the route that answered", "the application's routes, or (unmatched)"),
    Label.STATUS: Meaning("Status code of the answer; an exception is 500", "HTTP status codes"),
    Label.CACHE: Meaning("Which cache was asked", "the caches of the service"),
    Label.RESULT: Meaning("How it ended", "a closed set for each metric"),
    Label.STATE: Meaning("State of a connection of the pool", "used, idle"),
    Label.REASON: Meaning("Why a log record was not shipped", ", ".join(registry.DropReason)),
    Label.SERVICE: Meaning("Name of the service (OpenTelemetry's service.name)", "one a process"),
    Label.VERSION: Meaning("Version of the service", "one a process"),
    Label.PYTHON: Meaning("Version of Python", "one a process"),
    Label.UPSTREAM: Meaning("Service that was called", "the services of the routing table"),
}
SPAN_ATTRIBUTES: Final = {
    SpanAttribute.ACCOUNT_ID: Meaning(
        "Id of the account that asks (OpenTelemetry's enduser.id); never a name or address"
    ),
    SpanAttribute.CACHE_RESULT: Meaning("How a look-up in the cache ended", ", ".join(registry.CacheResult)),
    SpanAttribute.FAILED: Meaning("The span failed; set by the collector, to be searched for", "true"),
}
LOG_FIELDS: Final = {
    LogField.TIME: Meaning("When it was said, UTC, with milliseconds", "ISO 8601"),
    LogField.LEVEL: Meaning("How grave it is", "debug, info, warning, error, critical"),
    LogField.LOGGER: Meaning("Which module said it"),
    LogField.MESSAGE: Meaning("What was said"),
    LogField.SERVICE: Meaning("Name of the service"),
    LogField.VERSION: Meaning("Version of the service"),
    LogField.TRACE_ID: Meaning("Trace of the request", "32 hexadecimal digits"),
    LogField.SPAN_ID: Meaning("Span of the request", "16 hexadecimal digits"),
    LogField.REQUEST_ID: Meaning("Id of the request, as the ingress gave it"),
    LogField.EXCEPTION: Meaning("Stack trace; never leaves in an answer"),
}
LOKI_LABELS: Final = {
    LokiLabel.SERVICE: Meaning("Name of the service", "one a process"),
    LokiLabel.ENVIRONMENT: Meaning("Environment that it runs in", "development, test, staging, production"),
    LokiLabel.CONTAINER: Meaning("Container that said it", "istio-proxy for access logs; of services a cluster's only"),
}
HEADERS: Final = {
    Header.REQUEST_ID: Meaning("Id of the request; the ingress gives one to whoever has none"),
    Header.TIMEOUT_BUDGET: Meaning("What is left of the caller's time", "whole milliseconds"),
    Header.TRACEPARENT: Meaning("Trace context", "W3C Trace Context"),
    Header.TRACESTATE: Meaning("Trace context of vendors", "W3C Trace Context"),
}

# Series a process, a histogram's buckets, sum and count each as one. Routes times methods times status codes is what a
# client can try to grow: 40 combinations of 17 series are more than any service here answers with.
_A_HISTOGRAM: Final = len(registry.LATENCY_BUCKETS_S) + 3
_FEW: Final = 20
BUDGETS: Final = {
    registry.REQUEST_DURATION: 60 * _A_HISTOGRAM,
    registry.CLIENT_DURATION: 20 * _A_HISTOGRAM,
    registry.EVENT_LOOP_LAG: _FEW,
    registry.CACHE_AGE: 4 * _FEW,
}
DEFAULT_BUDGET: Final = _FEW


_STATUS_CLASSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})
RESULTS: Final[Mapping[registry.Metric, frozenset[str]]] = {
    registry.CLIENT_DURATION: _STATUS_CLASSES | {"timeout", "protocol", "unreachable", "error"},
    registry.CACHE_REQUESTS: frozenset(CacheResult),
    registry.RATE_LIMIT_DECISIONS: frozenset({"allowed", "limited", "open"}),
}
"""The closed set of `result`, by metric."""
_CLOSED: Final[Mapping[StrEnum, frozenset[str]]] = {
    Label.METHOD: registry.KNOWN_METHODS | {registry.OTHER_METHOD},
    Label.STATE: frozenset({"used", "idle"}),
    Label.REASON: frozenset(DropReason),
}


def allowed(metric: registry.Metric, label: StrEnum) -> frozenset[str] | None:
    """Return the values that a label of a metric may have; None where they are not known before a service runs."""
    return RESULTS[metric] if label == Label.RESULT else _CLOSED.get(label)


def budget(metric: registry.Metric) -> int:
    """Return how many series a metric may have in one process."""
    return BUDGETS.get(metric, DEFAULT_BUDGET)


def stability(name: registry.Metric | StrEnum) -> Stability:
    """Return how stable a name is: what rules, objectives and correlations rest on does not change silently."""
    return Stability.STABLE if name in _STABLE else Stability.DEVELOPMENT


_STABLE: Final[frozenset[registry.Metric | StrEnum]] = frozenset(
    {
        *(registry.REQUEST_DURATION, registry.ACTIVE_REQUESTS, registry.CLIENT_DURATION),
        *(registry.CACHE_REQUESTS, registry.CACHE_AGE, registry.BUILD_INFO),
        *(Label.METHOD, Label.ROUTE, Label.STATUS, Label.CACHE, Label.RESULT, Label.SERVICE, Label.VERSION),
        *(LogField.TIME, LogField.LEVEL, LogField.LOGGER, LogField.MESSAGE, LogField.SERVICE),
        *(LogField.TRACE_ID, LogField.SPAN_ID, LogField.REQUEST_ID, LokiLabel.CONTAINER),
        *Header,
    }
)
