"""Stats access loggers: Istio's request and TCP metrics from upstream Envoy, and an exact count of slow requests.

Prometheus shows them as `envoy_istiocustom_<name>`; the scrape strips the prefix. The bytes of TCP connections are
counted by `tcp_bytes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.common.telemetry import workbench as registry_of_runs
from workbench.mesh.envoy import extension

if TYPE_CHECKING:
    from workbench.mesh.model import Json

SCOPE: Final = "istiocustom"
SLOW_REQUESTS: Final = registry_of_runs.SLOW_REQUESTS.name
"""Requests that took 500 ms or more, counted exactly (histograms keep two significant digits). Local only."""

SLOW_MS: Final = 500

BUCKETS_MS: Final = (
    *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000),
)
"""Istio's buckets, for durations in milliseconds and sizes in bytes alike."""

_LOGGER: Final = "envoy.access_loggers.stats"
_CONFIG: Final = "envoy.extensions.access_loggers.stats.v3.Config"


@dataclass(frozen=True)
class Labelled:
    """A set of labels, and the condition (an expression; None: always) under which it is the right one."""

    tags: list[Json]
    condition: str | None = None


def request_loggers(variants: list[Labelled]) -> list[Json]:
    """Return the loggers of an HTTP connection manager; of the variants exactly one must hold for a request."""
    return [logger for variant in variants for logger in _request_loggers(variant)]


def _request_loggers(variant: Labelled) -> list[Json]:
    tags = variant.tags
    slow = {"comparison": {"op": "GE", "value": {"default_value": SLOW_MS, "runtime_key": "titanium.slow_request_ms"}}}
    return [
        {
            **_logger(
                counters=[_counter("istio_requests_total", tags)],
                histograms=[
                    _histogram("istio_request_duration_milliseconds", "Milliseconds", "%DURATION%", tags),
                    _histogram("istio_request_bytes", "Bytes", "%DOWNSTREAM_WIRE_BYTES_RECEIVED%", tags),
                    _histogram("istio_response_bytes", "Bytes", "%DOWNSTREAM_WIRE_BYTES_SENT%", tags),
                ],
            ),
            **_where([*_holds(variant)]),
        },
        {
            **_logger(counters=[_counter(SLOW_REQUESTS, tags)]),
            **_where([{"duration_filter": slow}, *_holds(variant)]),
        },
    ]


def _holds(variant: Labelled) -> list[Json]:
    if variant.condition is None:
        return []
    expression = extension(
        "envoy.access_loggers.extension_filters.cel",
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        expression=variant.condition,
    )
    return [{"extension_filter": expression}]


def _where(conditions: list[Json]) -> Json:
    if len(conditions) > 1:
        return {"filter": {"and_filter": {"filters": conditions}}}
    return {"filter": conditions[0]} if conditions else {}


def connection_loggers(tags: list[Json]) -> list[Json]:
    """Return the loggers that count connections; the TCP proxy must flush its access log when one is made."""
    return [
        {**_logger(counters=[_counter("istio_tcp_connections_opened_total", tags)]), **_only("TcpUpstreamConnected")},
        {**_logger(counters=[_counter("istio_tcp_connections_closed_total", tags)]), **_only("TcpConnectionEnd")},
    ]


def histogram_buckets() -> Json:
    """Return the bootstrap's `stats_config` with Istio's buckets."""
    return {"histogram_bucket_settings": [{"match": {"prefix": SCOPE}, "buckets": list(BUCKETS_MS)}]}


def _logger(**metrics: list[Json]) -> Json:
    return extension(_LOGGER, _CONFIG, stats_scope={"prefix": SCOPE}, **metrics)


def _counter(name: str, tags: list[Json]) -> Json:
    return {"value_fixed": 1, "stat": {"name": name, "tags": tags}}


def _histogram(name: str, unit: str, value: str, tags: list[Json]) -> Json:
    return {"unit": unit, "value_format": value, "stat": {"name": name, "tags": tags}}


def _only(log_type: str) -> Json:
    return {"filter": {"log_type_filter": {"types": [log_type]}}}
