"""Traces by OpenTelemetry, set up in code when an OTLP endpoint is configured, and costing nothing otherwise.

Nothing of OpenTelemetry is imported without an endpoint. With one, the distro's own configurator reads the standard
`OTEL_*` variables; ours are only defaults: traces alone (metrics are Prometheus', logs are stdout's), OTLP over HTTP,
a parent-based ratio. The FastAPI and SQLAlchemy instrumentations are applied here, in the lifespan, because
`exclude_spans` (the send and receive spans double the cost) has no environment variable. asyncpg is not instrumented:
SQLAlchemy's spans would appear twice.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncEngine

_ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_DEFAULTS = {
    "OTEL_TRACES_EXPORTER": "redacted_otlp",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_PROPAGATORS": "tracecontext",
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
    # A dead collector must not hold memory or time: 1 s an export, a queue of 2048 spans, the rest is dropped.
    "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    "OTEL_BSP_MAX_QUEUE_SIZE": "2048",
    "OTEL_BSP_EXPORT_TIMEOUT": "1000",
    # Little and often: encoding the usual 512 spans at once holds the interpreter, and with it every request, for tens
    # of milliseconds (docs/performance.md, "Loki and Jaeger").
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64",
}


@dataclass(frozen=True, slots=True)
class SpanIds:
    """The current span in hexadecimal, and whether anybody will ever see it."""

    trace_id: str
    span_id: str
    recorded: bool


class Tracer(Protocol):
    """What the rest of the service defaults asks of tracing."""

    def current_span(self) -> SpanIds | None: ...

    def inject(self, headers: dict[str, str]) -> None: ...


class _NoTracer:
    """Tracing that is not configured."""

    def current_span(self) -> SpanIds | None:
        return None

    def inject(self, headers: dict[str, str]) -> None:
        """Leave the headers: the caller passes on what it received."""


_NONE = _NoTracer()
_tracer: Tracer = _NONE


def tracer() -> Tracer:
    """Return the process's tracing, which does nothing unless `start_tracing` found an endpoint."""
    return _tracer


def tracing_is_configured() -> bool:
    """Return whether an OTLP endpoint is set and the SDK is not switched off."""
    enabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
    return enabled and any(os.environ.get(name) for name in _ENDPOINT_VARIABLES)


def start_tracing(app: "FastAPI", engine: "AsyncEngine | None", *, service: str, version: str) -> None:
    """Instrument the application and its engine when an endpoint is configured; call it in the lifespan."""
    global _tracer  # noqa: PLW0603 - a process has one tracer provider, OpenTelemetry's own is global as well
    if not tracing_is_configured():
        return
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OTEL_SERVICE_NAME", service)
    from services.common.telemetry import opentelemetry_setup  # noqa: PLC0415 - imported only when used

    _tracer = opentelemetry_setup.instrument(app, engine, version=version)


def stop_tracing(timeout_s: float) -> None:
    """Send what is queued, for at most `timeout_s`; a dead collector does not hold the exit longer."""
    if _tracer is _NONE:
        return
    from services.common.telemetry import opentelemetry_setup  # noqa: PLC0415 - imported only when used

    opentelemetry_setup.flush(timeout_s)
