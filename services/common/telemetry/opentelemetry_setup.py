"""The part of tracing that imports OpenTelemetry; loaded by `tracing.start_tracing` only when it is used."""

import logging
import threading

from fastapi import FastAPI
from opentelemetry import propagate, trace
from opentelemetry.distro import OpenTelemetryConfigurator, OpenTelemetryDistro
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.telemetry.logs import Seldom
from services.common.telemetry.tracing import SpanIds, Tracer

# Says for each batch that the collector did not take it.
_EXPORTERS_LOGGER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_SAID_EVERY_S = 60.0


class OpenTelemetryTracer:
    """The current span and its context, as OpenTelemetry keeps them."""

    def current_span(self) -> SpanIds | None:
        span = trace.get_current_span()
        context = span.get_span_context()
        if not context.is_valid:
            return None
        trace_id, span_id = trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
        return SpanIds(trace_id, span_id, recorded=span.is_recording())

    def inject(self, headers: dict[str, str]) -> None:
        propagate.inject(headers)


def instrument(app: FastAPI, engine: AsyncEngine | None, *, version: str) -> Tracer:
    """Configure the SDK by the distro and instrument HTTP and SQL once."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        logging.getLogger(_EXPORTERS_LOGGER).addFilter(Seldom(_SAID_EVERY_S))
        OpenTelemetryDistro().configure()
        configurator = OpenTelemetryConfigurator()  # type: ignore[no-untyped-call]  # the distro is not annotated
        configurator.configure(resource_attributes={"service.version": version})  # type: ignore[no-untyped-call]  # as above
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
    if engine is not None:
        # Declared for SQLAlchemy < 2.1 and skipped otherwise; the events that it uses are the same in 2.1, and a test
        # over a real socket finds the spans.
        SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, skip_dep_check=True)
    return OpenTelemetryTracer()


def flush(timeout_s: float) -> None:
    """Flush in a daemon thread: the SDK's own timeouts do not bound name resolution and connecting."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        worker = threading.Thread(target=provider.force_flush, args=(int(timeout_s * 1000),), daemon=True)
        worker.start()
        worker.join(timeout_s)
