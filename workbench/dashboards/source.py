"""The local platform's Prometheus, Loki and Jaeger, as the viewer asks them, and what a reader has chosen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dashboards.view.ask import Answer, FoundTrace, Line, RefusedError, Sources, SpanRow
from dashboards.view.expand import ALL, Chosen, Window
from workbench.adapters.jaeger import Jaeger
from workbench.adapters.loki import Loki
from workbench.adapters.prometheus import HttpPrometheus
from workbench.errors import CannotDecideError
from workbench.platform.backends import Backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from workbench.adapters.prometheus import Sample
    from workbench.domain.series import Series
    from workbench.domain.trace import Trace
    from workbench.platform.instance import Instance


def sources(instance: Instance, prometheus_url: str = "") -> Sources:
    """Return an instance's data sources; Loki and Jaeger only as far as they are on this machine."""
    backends = Backends.found(instance)
    return Sources(
        PrometheusAsk(prometheus_url or instance.prometheus_url),
        LokiAsk(instance.loki_url) if backends.loki else None,
        JaegerAsk(instance.jaeger_url) if backends.jaeger else None,
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Say the viewer's word for a data source that did not answer."""
    try:
        yield
    except CannotDecideError as error:
        raise RefusedError(error.message) from error


class PrometheusAsk:
    """Answers of one Prometheus."""

    def __init__(self, url: str) -> None:
        self._prometheus = HttpPrometheus(url)

    def over(self, expr: str, window: Window) -> list[Answer]:
        with refusals():
            found = self._prometheus.range(expr, window.start_s, window.end_s, window.interval_s)
        return _over(found)

    def now(self, expr: str) -> list[Answer]:
        with refusals():
            return _now(self._prometheus.vector(expr))


class LokiAsk:
    """Answers of one Loki."""

    def __init__(self, url: str) -> None:
        self._loki = Loki(url)

    def over(self, expr: str, window: Window) -> list[Answer]:
        with refusals():
            return _over(self._loki.range(expr, (window.start_s, window.end_s), window.interval_s))

    def now(self, expr: str) -> list[Answer]:
        with refusals():
            return _now(self._loki.vector(expr))

    def lines(self, query: str, window: Window, most: int) -> list[Line]:
        with refusals():
            streams = self._loki.streams(query, _micros(window), most)
        return [Line(int(time) / 1e9, one["stream"], text) for one in streams for time, text in one["values"]]


class JaegerAsk:
    """Answers of one Jaeger."""

    def __init__(self, url: str) -> None:
        self._jaeger = Jaeger(url)

    def search(self, service: str, tags: str, window: Window, most: int) -> list[FoundTrace]:
        with refusals():
            return [_found(trace) for trace in self._jaeger.latest(service, tags, _micros(window), most)]

    def spans(self, trace_id: str) -> list[SpanRow]:
        with refusals():
            trace = self._jaeger.by_id(trace_id)
        if trace is None:
            return []
        began = trace.start_us
        return [
            SpanRow(
                depth,
                span.service,
                span.name,
                (span.start_us - began) / 1000,
                span.duration_us / 1000,
                span.is_error,
            )
            for depth, span in trace.tree()
        ]


def _found(trace: Trace) -> FoundTrace:
    _, first = trace.tree()[0]
    took_ms = (trace.end_us - trace.start_us) / 1000
    failed = any(span.is_error for span in trace.spans)
    return FoundTrace(
        trace.trace_id, first.service, first.name, trace.start_us / 1e6, took_ms, len(trace.spans), failed
    )


def _over(found: Iterable[Series]) -> list[Answer]:
    return [Answer(one.labels, one.samples) for one in found if one.samples]


def _now(found: Iterable[Sample]) -> list[Answer]:
    return [Answer(one.labels, [(0.0, one.value)]) for one in found]


def _micros(window: Window) -> tuple[int, int]:
    return round(window.start_s * 1e6), round(window.end_s * 1e6)


def chosen(document: Mapping[str, Any], given: Mapping[str, str]) -> Chosen:
    """Return a dashboard's variables: what was given, else what it opens with."""
    variables = [one for one in document["templating"]["list"] if one["type"] != "datasource"]
    values = {one["name"]: given.get(one["name"], _first(one)) for one in variables}
    alls = {one["name"]: one["allValue"] for one in variables if one.get("allValue")}
    return Chosen(values, alls)


def _first(variable: Mapping[str, Any]) -> str:
    value = variable.get("current", {}).get("value", "")
    return ALL if value == [ALL] else str(value)
