"""OTLP over HTTP without secrets: every text of a span is redacted before it leaves.

Instrumentations quote URLs, statements and exceptions; an exception of the database may quote what a user sent. Named
in `pyproject.toml` as the traces exporter `redacted_otlp`, which is the default of services (`tracing.py`).
"""

from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import Attributes, AttributeValue

from services.common.telemetry.redaction import REDACTED, is_secret, redact


class RedactingExporter(OTLPSpanExporter):
    """The SDK's exporter, given copies."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return super().export([without_secrets(span) for span in spans])


def without_secrets(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of a span that has ended, its name, attributes, events and status redacted."""
    description = span.status.description
    return ReadableSpan(
        name=redact(span.name),
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=[Event(event.name, _attributes(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, redact(description) if description else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(attributes: Attributes) -> Mapping[str, AttributeValue]:
    return {name: _value(name, value) for name, value in (attributes or {}).items()}


def _value(name: str, value: AttributeValue) -> AttributeValue:
    if is_secret(name):
        return REDACTED
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Sequence):
        return [redact(one) if isinstance(one, str) else one for one in value]
    return value
