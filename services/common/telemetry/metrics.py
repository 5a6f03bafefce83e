"""Prometheus metrics of one service process: the objects behind the registry's names, and the RED middleware.

`ServiceMetrics` has its own `CollectorRegistry`, so that two applications in one process do not mix. The middleware
is pure ASGI: it costs microseconds, sees what the error boundary answers, and counts what sent nothing as 500.
"""

import platform
from time import perf_counter

from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.telemetry import registry as names
from services.common.telemetry.tracing import SpanIds, tracer


def make_counter(metric: names.Metric, registry: CollectorRegistry) -> Counter:
    """Create the counter of a registered name."""
    return Counter(metric.name, metric.help, metric.labels, registry=registry)


def make_gauge(metric: names.Metric, registry: CollectorRegistry) -> Gauge:
    """Create the gauge of a registered name."""
    return Gauge(metric.name, metric.help, metric.labels, registry=registry)


def make_histogram(metric: names.Metric, registry: CollectorRegistry) -> Histogram:
    """Create the histogram of a registered name with the registered buckets."""
    return Histogram(metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)


class ServiceMetrics:
    """Every metric that the service defaults keep."""

    def __init__(self, *, service: str, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.request_duration = make_histogram(names.REQUEST_DURATION, self.registry)
        self.active_requests = make_gauge(names.ACTIVE_REQUESTS, self.registry)
        self.client_duration = make_histogram(names.CLIENT_DURATION, self.registry)
        self.event_loop_lag = make_histogram(names.EVENT_LOOP_LAG, self.registry)
        self.pool_connections = make_gauge(names.DB_POOL_CONNECTIONS, self.registry)
        self.pool_max = make_gauge(names.DB_POOL_MAX, self.registry)
        self.pool_timeouts = make_counter(names.DB_POOL_TIMEOUTS, self.registry)
        self.cache_requests = make_counter(names.CACHE_REQUESTS, self.registry)
        self.cache_age = make_histogram(names.CACHE_AGE, self.registry)
        self.logs_dropped = make_counter(names.LOGS_DROPPED, self.registry)
        self.logs_queued = make_gauge(names.LOGS_QUEUED, self.registry)
        self.logs_shipped = make_counter(names.LOGS_SHIPPED, self.registry)
        make_gauge(names.BUILD_INFO, self.registry).labels(service, version, platform.python_version()).set(1)
        for reason in names.DropReason:  # a counter that does not exist yet cannot be alerted on
            self.logs_dropped.labels(reason)


class RouteTemplates:
    """The full template of the route that answered, router prefixes included.

    FastAPI >= 0.137 leaves the route without its router's prefix in `scope["route"]` (`/{handle}` for
    `/v1/users/{handle}`); `iter_route_contexts` is the public way to the whole path. It is read once, at the first
    request, when every router is in place.
    """

    def __init__(self) -> None:
        self._templates: dict[int, list[tuple[str, object]]] | None = None

    def of(self, scope: Scope) -> str:
        """Return the template, or `UNMATCHED_ROUTE` when no route of ours answered."""
        route = scope.get("route")
        if route is None:
            return names.UNMATCHED_ROUTE
        if self._templates is None:
            self._templates = self._read(scope["app"].routes)
        candidates = self._templates.get(id(route), [])
        if len(candidates) == 1:
            return candidates[0][0]
        return next((path for path, regex in candidates if _matches(regex, scope["path"])), names.UNMATCHED_ROUTE)

    @staticmethod
    def _read(routes: list[BaseRoute]) -> dict[int, list[tuple[str, object]]]:
        templates: dict[int, list[tuple[str, object]]] = {}
        for context in iter_route_contexts(routes):
            if context.path_format is not None:
                regex = getattr(context, "path_regex", None)
                templates.setdefault(id(context.original_route), []).append((context.path_format, regex))
        return templates


def _matches(regex: object, path: str) -> bool:
    match = getattr(regex, "match", None)
    return match is not None and match(path) is not None


class MetricsMiddleware:
    """Rate, errors and duration of every request, by method, full route template and status."""

    def __init__(self, app: ASGIApp, *, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._templates = RouteTemplates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what a client sees when nothing is ever sent

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # Asked now: the instrumentation ends the span with the last byte, before this middleware gets control back.
        span = tracer().current_span()
        started = perf_counter()
        self._metrics.active_requests.inc()
        try:
            await self._app(scope, receive, observe)
        finally:
            self._metrics.active_requests.dec()
            self._record(scope, status, perf_counter() - started, span)

    def _record(self, scope: Scope, status: int, seconds: float, span: SpanIds | None) -> None:
        method = scope["method"] if scope["method"] in names.KNOWN_METHODS else names.OTHER_METHOD
        exemplar = {names.LogField.TRACE_ID.value: span.trace_id} if span is not None and span.recorded else None
        series = self._metrics.request_duration.labels(method, self._templates.of(scope), str(status))
        series.observe(seconds, exemplar)
