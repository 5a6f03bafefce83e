"""The one place that names every metric, label, unit, span attribute and log field of the services.

Code, rules and dashboards take names from here; it imports nothing, so anything may import it. Names follow
OpenTelemetry's semantic conventions in their Prometheus spelling (dots as underscores, base units, `_total`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """Base units, as Prometheus spells them at the end of a metric's name."""

    SECONDS = "seconds"
    NONE = ""


class Kind(StrEnum):
    """Prometheus' metric types that the services use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Label(StrEnum):
    """Label names; every one has a bounded set of values."""

    METHOD = "http_request_method"
    ROUTE = "http_route"
    STATUS = "http_response_status_code"
    CACHE = "cache"
    RESULT = "result"
    STATE = "state"
    REASON = "reason"
    SERVICE = "service_name"
    VERSION = "service_version"
    PYTHON = "python_version"
    UPSTREAM = "server_address"


@dataclass(frozen=True)
class Metric:
    """One metric: its full name as Prometheus shows it (counters end in `_total`)."""

    name: str
    kind: Kind
    help: str
    labels: tuple[StrEnum, ...] = ()
    unit: Unit = Unit.NONE
    buckets: tuple[float, ...] = ()


# Contains 0.5 s (the latency objective) and the usual thresholds of tighter ones, so that no quantile of an objective
# has to be interpolated. Seconds.
LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)
# Contains 60 s, the freshness objective.
_AGE_BUCKETS_S: Final = (0.1, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 3600.0)
_LAG_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

# Values of `http_route` and `http_request_method` for whatever is not ours: a scanner must not make series.
UNMATCHED_ROUTE: Final = "(unmatched)"
OTHER_METHOD: Final = "_OTHER"
KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUEST_DURATION: Final = Metric(
    "http_server_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time from the first byte of a request to the last byte of its answer.",
    (Label.METHOD, Label.ROUTE, Label.STATUS),
    Unit.SECONDS,
    LATENCY_BUCKETS_S,
)
ACTIVE_REQUESTS: Final = Metric("http_server_active_requests", Kind.GAUGE, "Requests being answered now.")
CLIENT_DURATION: Final = Metric(
    "http_client_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time that calls to other services took; result is the status class or the kind of failure.",
    (Label.UPSTREAM, Label.RESULT),
    Unit.SECONDS,
    LATENCY_BUCKETS_S,
)
EVENT_LOOP_LAG: Final = Metric(
    "event_loop_lag_seconds",
    Kind.HISTOGRAM,
    "How much later than asked a timer of the event loop fired.",
    (),
    Unit.SECONDS,
    _LAG_BUCKETS_S,
)
DB_POOL_CONNECTIONS: Final = Metric(
    "db_client_connection_count", Kind.GAUGE, "Connections of the database pool by state.", (Label.STATE,)
)
DB_POOL_MAX: Final = Metric("db_client_connection_max", Kind.GAUGE, "Connections that the database pool may open.")
DB_POOL_TIMEOUTS: Final = Metric(
    "db_client_connection_timeouts_total", Kind.COUNTER, "Requests that got no database connection in time."
)
CACHE_REQUESTS: Final = Metric(
    "cache_requests_total",
    Kind.COUNTER,
    "Cache look-ups by result: hit, miss, error (asked in vain), bypass (not asked, breaker open).",
    (Label.CACHE, Label.RESULT),
)
CACHE_AGE: Final = Metric(
    "cache_age_seconds",
    Kind.HISTOGRAM,
    "How old the answers of a cache are when they are given; what was just loaded is 0.",
    (Label.CACHE,),
    Unit.SECONDS,
    _AGE_BUCKETS_S,
)
LOGS_DROPPED: Final = Metric(
    "log_records_dropped_total",
    Kind.COUNTER,
    "Log records that were not shipped to Loki (they are on stdout), by reason.",
    (Label.REASON,),
)
LOGS_QUEUED: Final = Metric("log_records_queued", Kind.GAUGE, "Log records that wait to be shipped to Loki.")
LOGS_SHIPPED: Final = Metric("log_records_shipped_total", Kind.COUNTER, "Log records that Loki has accepted.")
ARGON2_REJECTED: Final = Metric(
    "auth_password_hash_rejected_total", Kind.COUNTER, "Logins and registrations refused because hashing is saturated."
)
RATE_LIMIT_DECISIONS: Final = Metric(
    "rate_limit_decisions_total",
    Kind.COUNTER,
    "Decisions of the rate limit: allowed, limited, open (Redis could not be asked).",
    (Label.RESULT,),
)
BUILD_INFO: Final = Metric(
    "service_build_info",
    Kind.GAUGE,
    "Always 1; the labels say what runs.",
    (Label.SERVICE, Label.VERSION, Label.PYTHON),
)

METRICS: Final = (
    REQUEST_DURATION,
    ACTIVE_REQUESTS,
    CLIENT_DURATION,
    EVENT_LOOP_LAG,
    DB_POOL_CONNECTIONS,
    DB_POOL_MAX,
    DB_POOL_TIMEOUTS,
    CACHE_REQUESTS,
    CACHE_AGE,
    LOGS_DROPPED,
    LOGS_QUEUED,
    LOGS_SHIPPED,
    ARGON2_REJECTED,
    RATE_LIMIT_DECISIONS,
    BUILD_INFO,
)


class CacheResult(StrEnum):
    """Values of `result` on `cache_requests_total`."""

    HIT = "hit"
    MISS = "miss"
    ERROR = "error"
    BYPASS = "bypass"


class DropReason(StrEnum):
    """Values of `reason` on `log_records_dropped_total`."""

    QUEUE_FULL = "queue_full"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    REFUSED = "refused"
    SHUTDOWN = "shutdown"


class LogField(StrEnum):
    """Keys of a JSON log line."""

    TIME = "time"
    LEVEL = "level"
    LOGGER = "logger"
    MESSAGE = "message"
    SERVICE = "service"
    VERSION = "version"
    TRACE_ID = "trace_id"
    SPAN_ID = "span_id"
    REQUEST_ID = "request_id"
    EXCEPTION = "exception"


class LokiLabel(StrEnum):
    """Stream labels in Loki: static for a process, so that streams stay few; ids are structured metadata."""

    SERVICE = "service_name"
    ENVIRONMENT = "environment"
    CONTAINER = "container"


# What the proxies' lines have as their container, and Envoy's words for a call that no policy allows.
PROXY_CONTAINER: Final = "istio-proxy"
ACCESS_DENIED: Final = "rbac_access_denied"


class LogMessage(StrEnum):
    """Messages that alerts and people look for: changing one changes what is found."""

    FAILED_ANSWER = "the answer is an error"
    KEYS_NOT_READ = "the keys that verify tokens cannot be read again; the kept ones go on"


class SpanAttribute(StrEnum):
    """Attributes that the services add to spans themselves."""

    ACCOUNT_ID = "enduser.id"
    CACHE_RESULT = "titanium.cache.result"
    # Set by the collector on spans that failed: Jaeger's memory cannot be searched by a span's status.
    FAILED = "titanium.failed"


class Header(StrEnum):
    """HTTP headers that carry telemetry and deadlines between services."""

    REQUEST_ID = "x-request-id"
    # What is left of the caller's time, in whole milliseconds; relative, so clocks need not agree (as grpc-timeout).
    TIMEOUT_BUDGET = "x-request-timeout-ms"
    TRACEPARENT = "traceparent"
    TRACESTATE = "tracestate"
