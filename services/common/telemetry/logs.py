"""Logs: one JSON object a line on stdout (the truth), with the ids of the request and of the trace.

`extra={...}` of a logging call becomes fields of the line, except those whose names say that they are secret. What
message, exception and fields quote is redacted (`redaction.py`).
"""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from services.common.context import current_request
from services.common.telemetry.redaction import REDACTED, is_secret, redact
from services.common.telemetry.registry import LogField
from services.common.telemetry.tracing import tracer

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def current_ids() -> dict[str, str]:
    """Return request, trace and span id of what is being done now; empty outside of requests."""
    ids: dict[str, str] = {}
    request = current_request()
    if request is not None:
        ids[LogField.REQUEST_ID] = request.request_id
    span = tracer().current_span()
    if span is not None:
        ids[LogField.TRACE_ID], ids[LogField.SPAN_ID] = span.trace_id, span.span_id
    elif request is not None and (caller := request.trace_ids()) is not None:
        ids[LogField.TRACE_ID], ids[LogField.SPAN_ID] = caller
    return ids


class IdsFilter(logging.Filter):
    """Put the ids on the record in the thread that logs, since handlers may run in another one."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "titanium_ids"):
            record.titanium_ids = current_ids()
        return True


class Seldom(logging.Filter):
    """Let each message of a logger pass once in `every_s` seconds: it is told of, and does not fill a disk."""

    def __init__(self, every_s: float, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, message = self._clock(), str(record.msg)
        passes = now - self._last.get(message, float("-inf")) >= self._every_s
        if passes:
            self._last[message] = now
        return passes


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, *, service: str, version: str) -> None:
        super().__init__()
        self._static = {LogField.SERVICE.value: service, LogField.VERSION.value: version}

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            LogField.TIME: datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            LogField.LEVEL: record.levelname.lower(),
            LogField.LOGGER: record.name,
            LogField.MESSAGE: redact(record.getMessage()),
            **self._static,
            **getattr(record, "titanium_ids", {}),
            **_extra(record),
        }
        if record.exc_info:
            fields[LogField.EXCEPTION] = redact(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False, default=str)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: REDACTED if is_secret(name) else redact(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name not in _STANDARD_ATTRIBUTES and name != "titanium_ids"
    }


def configure_logging(*, service: str, version: str, level: str) -> logging.Handler:
    """Make JSON lines on stdout the process's only log output; return the handler."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service=service, version=version))
    handler.addFilter(IdsFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(capture=True)
    return handler
