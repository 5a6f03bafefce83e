"""Logs to Loki through python-logging-loki, without ever making the caller wait.

python-logging-loki posts every record by itself, blocking, without a time-out, with the time of sending, and recurses
when the root logger is at DEBUG. Its own extension points (`LokiHandler.emitters`, `LokiEmitter.session_class`) are
enough to change that: the emitter only puts the record into a queue, bounded in records and in bytes; a thread sends
batches through a session that always has a time-out (`loki_delivery.py` says what it does with Loki's answers). What
does not fit or is not accepted is dropped and counted: stdout has it anyway. Labels are static for the process; ids and
the level go along as structured metadata.
"""

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, ClassVar, cast

import requests
from logging_loki import LokiHandler, emitter  # type: ignore[import-untyped]  # the package is not annotated

from services.common.settings import ServiceSettings
from services.common.telemetry.logs import IdsFilter, JsonFormatter
from services.common.telemetry.loki_delivery import Delivery, Entry, Outcome, Reply
from services.common.telemetry.metrics import ServiceMetrics
from services.common.telemetry.registry import DropReason, LogField, LokiLabel

PUSH_PATH = "/loki/api/v1/push"
_QUEUE_RECORDS = 10_000
_QUEUE_BYTES = 8 * 1024 * 1024
_BATCH_RECORDS = 500
_BATCH_S = 1.0
_TIMEOUT_S = (0.5, 1.0)  # connect, read
# urllib3 logs every connection at DEBUG; shipping those records would make new ones for ever.
_TRANSPORT_LOGGERS = ("urllib3", "requests", "logging_loki")

_HEADERS = {"Content-Encoding": "gzip", "Content-Type": "application/json"}


class TimeoutSession(requests.Session):
    """A session whose requests cannot wait for ever, and that ignores proxies of the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - the signature of requests
        kwargs.setdefault("timeout", _TIMEOUT_S)
        return super().request(*args, **kwargs)


class BatchingEmitter(emitter.LokiEmitterV1):  # type: ignore[misc]  # the base class is not annotated
    """Queue records for the caller; send batches in a thread."""

    session_class: ClassVar[type[requests.Session]] = TimeoutSession

    def __init__(self, url: str, tags: dict[str, str] | None = None, auth: tuple[str, str] | None = None) -> None:
        super().__init__(url, tags, auth)
        self._queue: queue.Queue[Entry] = queue.Queue(_QUEUE_RECORDS)
        self._bytes = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._metrics: ServiceMetrics | None = None
        self._thread = threading.Thread(target=self._run, name="loki", daemon=True)

    def start(self, metrics: ServiceMetrics) -> None:
        self._metrics = metrics
        metrics.logs_queued.set_function(self._queue.qsize)
        self._thread.start()

    def __call__(self, record: logging.LogRecord, line: str) -> None:
        """Queue the record; never waits."""
        size = len(line)
        with self._lock:
            fits = self._bytes + size <= _QUEUE_BYTES and not self._queue.full()
            if fits:
                self._bytes += size
                self._queue.put_nowait(self._entry(record, line))
        if not fits:
            self._drop(1, DropReason.QUEUE_FULL)

    @staticmethod
    def _entry(record: logging.LogRecord, line: str) -> Entry:
        ids = {str(name): str(value) for name, value in getattr(record, "titanium_ids", {}).items()}
        metadata = {**ids, LogField.LEVEL.value: record.levelname.lower(), LogField.LOGGER.value: record.name}
        return [str(int(record.created * 1e9)), line, metadata]

    def flush(self, timeout_s: float) -> None:
        """Send what is queued for at most `timeout_s` seconds and stop; the rest is dropped and counted."""
        self._deadline = monotonic() + timeout_s
        self._closing.set()
        self._thread.join(timeout_s)
        self._drop(self._queue.qsize(), DropReason.SHUTDOWN)
        self.close()

    def _run(self) -> None:
        delivery = Delivery(self.tags, self._post, self._closing.wait)
        while not (self._closing.is_set() and self._queue.empty()) and monotonic() < self._deadline:
            batch = self._next_batch()
            if batch:
                self._count(delivery.deliver(batch))
                with self._lock:
                    # Only now: lines that are being sent take memory, too.
                    self._bytes -= sum(len(line) for _, line, _ in batch)

    def _next_batch(self) -> list[Entry]:
        """Collect up to `_BATCH_RECORDS` records for up to `_BATCH_S`; at shutdown only what is already there."""
        batch: list[Entry] = []
        ends = monotonic() + _BATCH_S
        while len(batch) < _BATCH_RECORDS:
            left = ends - monotonic()
            try:
                # Woken at least every 50 ms, to notice the shutdown.
                batch.append(self._queue.get(timeout=max(0.001, min(left, 0.05))))
            except queue.Empty:
                if left <= 0 or self._closing.is_set():
                    break
        return batch

    def _post(self, body: bytes) -> Reply:
        try:
            response = self.session.post(self.url, data=body, headers=_HEADERS)
        except (requests.RequestException, OSError):
            return Reply(0)
        after = response.headers.get("Retry-After", "")
        return Reply(response.status_code, float(after) if after.isascii() and after.isdigit() else 0.0)

    def _count(self, outcome: Outcome) -> None:
        if self._metrics is not None and outcome.shipped:
            self._metrics.logs_shipped.inc(outcome.shipped)
        for reason, count in outcome.dropped.items():
            self._drop(count, reason)

    def _drop(self, count: int, reason: DropReason) -> None:
        if self._metrics is not None and count:
            self._metrics.logs_dropped.labels(reason).inc(count)


class SafeLokiHandler(LokiHandler):  # type: ignore[misc]  # the base class is not annotated
    """python-logging-loki's handler with the batching emitter."""

    emitters: ClassVar[dict[str, type[emitter.LokiEmitter]]] = {"1": BatchingEmitter}

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        if record.name.startswith(_TRANSPORT_LOGGERS):
            return False
        return cast("bool | logging.LogRecord", super().filter(record))


@contextmanager
def ship_logs_to_loki(settings: ServiceSettings, metrics: ServiceMetrics) -> Iterator[None]:
    """Ship the root logger's records while the context is open; without `LOKI_URL` nothing happens."""
    if settings.loki_url is None:
        yield
        return
    labels = {LokiLabel.SERVICE.value: settings.service_name, LokiLabel.ENVIRONMENT.value: settings.environment}
    handler = SafeLokiHandler(str(settings.loki_url).rstrip("/") + PUSH_PATH, tags=labels, version="1")
    handler.setFormatter(JsonFormatter(service=settings.service_name, version=settings.service_version))
    handler.addFilter(IdsFilter())
    shipping: BatchingEmitter = handler.emitter
    shipping.start(metrics)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        shipping.flush(settings.telemetry_flush_s)
