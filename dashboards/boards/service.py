"""Service: what one service says of itself (RED by route, pool, cache, event loop) beside what the mesh saw."""

from __future__ import annotations

from dashboards.boards.common import DURATION_MS, FAILED, REQUESTS, SHARE_OF_ERRORS, releases
from dashboards.grafana import variables
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, RED, Look, heatmap, link, stat, timeseries
from dashboards.grafana.queries import Query, quantile, rate, share
from services.common.telemetry import registry

_OWN = 'job="services",app="$service"'
_MESH = 'job="envoy-stats",reporter="destination",destination_workload="$service"'
_SECONDS = registry.REQUEST_DURATION.name
_COUNT = f"{_SECONDS}_count"
_FAILURES = f'{_OWN},{registry.Label.STATUS}=~"5.."'
_ROUTE = registry.Label.ROUTE
_LATENCY = Look(unit="s", steps=((0.5, RED),), least=0)
_TO_LOGS = (link("Log lines of this service", "/d/logs?var-service=$service&${__url_time_range}"),)
_TO_TRACES = (link("Traces of this service", "/d/traces?var-service=$service&${__url_time_range}"),)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="service",
        title="Service",
        description="One service: rate, errors and duration by route, and what it waits for.",
        annotations=(releases(),),
        variables=(
            variables.label_values(
                "service", "Service", f"label_values({registry.BUILD_INFO.name}, app)", first="api-gateway"
            ),
        ),
        rows=(_all_right(), _routes(), _agreement(), _waiting(), _beside()),
    )


def _all_right() -> Row:
    total, failed = rate(REQUESTS, _MESH), rate(REQUESTS, f"{_MESH},{FAILED}")
    return row(
        "Are this service's users all right?",
        stat(
            "requests",
            "Requests",
            "Requests per second, as the service's proxy saw them.",
            Look(unit="reqps", decimals=1),
            Query(total, "requests"),
            width=6,
        ),
        stat(
            "errors",
            "Errors",
            "Share of requests answered with 5xx or not at all.",
            SHARE_OF_ERRORS,
            Query(share(failed, total), "errors"),
            width=6,
            links=_TO_LOGS,
        ),
        stat(
            "latency",
            "P95",
            "95 % of the requests were quicker; interpolated in its bucket.",
            Look(unit="ms", steps=((400, AMBER), (500, RED)), least=0),
            Query(quantile(0.95, DURATION_MS, _MESH), "P95"),
            width=6,
            links=_TO_TRACES,
        ),
        stat(
            "in-flight",
            "In flight",
            "Requests being answered now.",
            Look(unit="short", least=0),
            Query(f"sum({registry.ACTIVE_REQUESTS.name}{{{_OWN}}})", "in flight"),
            width=6,
        ),
    )


def _routes() -> Row:
    return row(
        "Which route is it?",
        timeseries(
            "rate-by-route",
            "Requests by route",
            "Requests per second of each route template.",
            Look(unit="reqps", least=0),
            Query(rate(_COUNT, _OWN, _ROUTE), f"{{{{{_ROUTE}}}}}"),
            stacked=True,
        ),
        timeseries(
            "errors-by-route",
            "Errors by route",
            "Answers with 5xx per second, exceptions included.",
            Look(unit="reqps", least=0),
            Query(_or_zero(_FAILURES), f"{{{{{_ROUTE}}}}}"),
            links=_TO_LOGS,
        ),
        timeseries(
            "p95-by-route",
            "P95 by route",
            "95 % of a route's requests were quicker. Dots are exemplars: one leads to its trace.",
            _LATENCY,
            Query(quantile(0.95, _SECONDS, _OWN, _ROUTE), f"{{{{{_ROUTE}}}}}", exemplar=True),
        ),
        heatmap(
            "latency-heatmap",
            "Latency",
            "Requests per second in each bucket: a second band is a second population.",
            Query(rate(f"{_SECONDS}_bucket", _OWN, "le"), "{{le}}", format="heatmap"),
            unit="s",
        ),
    )


def _agreement() -> Row:
    return row(
        "Does the mesh see the same as the service?",
        timeseries(
            "rate-both",
            "Requests, seen twice",
            "The service's count and its proxy's. The proxy alone counts what never reached the service.",
            Look(unit="reqps", least=0),
            Query(rate(_COUNT, _OWN), "service"),
            Query(rate(REQUESTS, _MESH), "proxy"),
        ),
        timeseries(
            "p95-both",
            "P95, seen twice",
            "The gap is the sidecar's and the network's time.",
            _LATENCY,
            Query(quantile(0.95, _SECONDS, _OWN), "service"),
            Query(f"{quantile(0.95, DURATION_MS, _MESH)} / 1000", "proxy"),
        ),
    )


def _waiting() -> Row:
    pool = f"{registry.DB_POOL_CONNECTIONS.name}{{{_OWN}}}"
    cache = registry.CACHE_REQUESTS.name
    hits = rate(cache, f'{_OWN},result="{registry.CacheResult.HIT}"', "cache")
    return row(
        "What does it wait for?",
        timeseries(
            "pool",
            "Database pool",
            "Connections by state, and how many there may be; used at the limit means queueing.",
            Look(unit="short", least=0),
            Query(f"sum by (state) ({pool})", "{{state}}"),
            Query(f"sum({registry.DB_POOL_MAX.name}{{{_OWN}}})", "limit"),
        ),
        timeseries(
            "pool-timeouts",
            "No connection in time",
            "Requests per second that got no database connection in time.",
            Look(unit="reqps", least=0, steps=((0.01, RED),)),
            Query(rate(registry.DB_POOL_TIMEOUTS.name, _OWN), "time-outs"),
        ),
        timeseries(
            "cache",
            "Cache hits",
            "Share of look-ups that were answered from Redis.",
            Look(unit="percentunit", least=0, most=1),
            Query(share(hits, rate(cache, _OWN, "cache")), "{{cache}}"),
        ),
        timeseries(
            "calls",
            "Calls to others",
            "P95 of the calls to other services, by whom and how they ended.",
            _LATENCY,
            Query(
                quantile(0.95, registry.CLIENT_DURATION.name, _OWN, "server_address, result"),
                "{{server_address}} {{result}}",
            ),
        ),
        timeseries(
            "event-loop",
            "Event loop lag",
            "How much later than asked a timer fired: P99 above 100 ms is a blocked loop.",
            Look(unit="s", least=0, steps=((0.1, AMBER),)),
            Query(quantile(0.99, registry.EVENT_LOOP_LAG.name, _OWN), "P99"),
        ),
        timeseries(
            "process",
            "Processor and memory",
            "Cores used, and resident memory on its own scale below.",
            Look(unit="short", least=0),
            Query(f"sum(rate(process_cpu_seconds_total{{{_OWN}}}[$__rate_interval]))", "cores"),
        ),
    )


def _beside() -> Row:
    dropped = registry.LOGS_DROPPED.name
    return row(
        "Is what it tells us complete?",
        timeseries(
            "memory",
            "Memory",
            "Resident memory of the process.",
            Look(unit="bytes", least=0),
            Query(f"sum(process_resident_memory_bytes{{{_OWN}}})", "resident"),
        ),
        timeseries(
            "log-drops",
            "Log records dropped",
            "Records that did not reach Loki, by reason; they are on stdout.",
            Look(unit="cps", least=0, steps=((0.01, AMBER),)),
            Query(rate(dropped, _OWN, "reason"), "{{reason}}"),
        ),
    )


def _or_zero(failures: str) -> str:
    """Return failures by route; a route without any is zero, not missing."""
    return f"{rate(_COUNT, failures, _ROUTE)} or 0 * {rate(_COUNT, _OWN, _ROUTE)}"
