"""Shipping logs to a Loki that works, refuses, stalls or is gone: the caller never notices, drops are counted."""

import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import HttpUrl

from services.common import context
from services.common.context import RequestContext, enter_request
from services.common.settings import ServiceSettings
from services.common.telemetry.loki import ship_logs_to_loki
from services.common.telemetry.metrics import ServiceMetrics
from services.common.telemetry.registry import DropReason

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger("test.loki")


@pytest.fixture(autouse=True)
def _leave_the_request() -> Iterator[None]:
    """What a test enters must not be the request of the next test."""
    yield
    context._current.set(None)


class FakeLoki:
    """Takes pushes; answers after `delay_s` with the next of `first`, then with `status`, with 400 for a bad line."""

    def __init__(self) -> None:
        self.status = 204
        self.first: list[int] = []
        self.delay_s = 0.0
        self.pushes: list[dict[str, Any]] = []
        self.url = ""

    def answer(self, push: dict[str, Any]) -> int:
        if self.first:
            return self.first.pop(0)
        if any("poison" in line for stream in push["streams"] for _, line, _ in stream["values"]):
            return 400
        if self.status == 204:
            self.pushes.append(push)
        return self.status

    def entries(self) -> list[list[Any]]:
        return [entry for push in self.pushes for stream in push["streams"] for entry in stream["values"]]


@pytest.fixture
def loki() -> Iterator[FakeLoki]:
    fake = FakeLoki()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(fake.delay_s)
            push = json.loads(gzip.decompress(body))
            status = fake.answer(push) if self.path == "/loki/api/v1/push" else 404
            self.send_response(status)
            self.send_header("Retry-After", "1")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def metrics() -> ServiceMetrics:
    return ServiceMetrics(service="test", version="1")


@contextmanager
def shipping(url: str, metrics: ServiceMetrics, level: int = logging.INFO) -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    try:
        with ship_logs_to_loki(ServiceSettings(loki_url=HttpUrl(url)), metrics):
            yield
    finally:
        root.setLevel(before)


def _count(metrics: ServiceMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def _dropped(metrics: ServiceMetrics) -> float:
    return sum(_count(metrics, "log_records_dropped_total", reason=reason) for reason in DropReason)


def _until(condition: "Callable[[], bool]") -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _timed(work: "Callable[[], None]") -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _log(records: int) -> None:
    for number in range(records):
        _logger.info("record %d", number)


def test_records_arrive_in_batches_with_their_own_time_and_ids_as_metadata(
    loki: FakeLoki, metrics: ServiceMetrics
) -> None:
    enter_request(RequestContext("req-1", deadline=0.0, traceparent=f"00-{'a' * 32}-{'b' * 16}-01"))
    before = time.time_ns()
    with shipping(loki.url, metrics):
        _log(100)
    after = time.time_ns()

    assert len(loki.pushes) < 10
    assert {json.dumps(push["streams"][0]["stream"], sort_keys=True) for push in loki.pushes} == {
        '{"environment": "development", "service_name": "service"}'
    }
    entries = loki.entries()
    assert [json.loads(line)["message"] for _, line, _ in entries] == [f"record {number}" for number in range(100)]
    assert all(before - 1_000_000 <= int(stamp) <= after for stamp, _, _ in entries)
    assert entries[0][2] == {
        "request_id": "req-1",
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "level": "info",
        "logger": "test.loki",
    }
    assert _count(metrics, "log_records_shipped_total") == 100


def test_with_the_root_logger_at_debug_shipping_does_not_log_itself(loki: FakeLoki, metrics: ServiceMetrics) -> None:
    with shipping(loki.url, metrics, logging.DEBUG):
        _log(10)
        ends = time.monotonic() + 5
        while not loki.pushes:
            assert time.monotonic() < ends
            time.sleep(0.02)

    assert {json.loads(line)["logger"] for _, line, _ in loki.entries()} == {"test.loki"}


@pytest.mark.parametrize("status", [429, 500])
def test_what_loki_refuses_is_dropped_and_counted(loki: FakeLoki, metrics: ServiceMetrics, status: int) -> None:
    loki.status = status
    with shipping(loki.url, metrics):
        _log(20)

    assert _count(metrics, "log_records_dropped_total", reason=DropReason.REJECTED) == 20
    assert _count(metrics, "log_records_shipped_total") == 0


@pytest.mark.parametrize("first", [[429], [500, 503], [429, 500]])
def test_what_failed_is_sent_again_in_its_order(loki: FakeLoki, metrics: ServiceMetrics, first: list[int]) -> None:
    loki.first = first
    with shipping(loki.url, metrics):
        _log(50)
        _until(lambda: _count(metrics, "log_records_shipped_total") == 50)
        _log(5)
    messages = [json.loads(line)["message"] for _, line, _ in loki.entries()]
    assert messages == [*(f"record {number}" for number in range(50)), *(f"record {number}" for number in range(5))]
    assert _dropped(metrics) == 0


def test_a_line_that_is_refused_takes_no_other_with_it(loki: FakeLoki, metrics: ServiceMetrics) -> None:
    with shipping(loki.url, metrics):
        _log(20)
        _logger.info("poison")
        _log(20)
    messages = [json.loads(line)["message"] for _, line, _ in loki.entries()]
    assert messages == [f"record {number}" for number in range(20)] * 2
    assert _count(metrics, "log_records_dropped_total", reason=DropReason.REJECTED) == 1
    assert _count(metrics, "log_records_shipped_total") == 40


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_loki_of_somebody_else_is_said_once(
    loki: FakeLoki, metrics: ServiceMetrics, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    loki.status = status
    with shipping(loki.url, metrics):
        for _ in range(2):
            _log(10)
            _until(lambda: metrics.registry.get_sample_value("log_records_queued") == 0)
            time.sleep(1.2)  # longer than a batch is collected: the next records are another batch
    assert _count(metrics, "log_records_dropped_total", reason=DropReason.REFUSED) == 20
    assert [record.getMessage() for record in caplog.records if record.name.startswith("logging_loki")] == [
        f"Loki refuses all lines with {status}: is its address right, and its tenant?"
    ]


def test_long_lines_do_not_fill_the_memory(loki: FakeLoki, metrics: ServiceMetrics) -> None:
    loki.delay_s = 3.0
    with shipping(loki.url, metrics):
        for _ in range(40):
            _logger.info("x" * 500_000)
        # 8 MiB are 16 of these lines, those that are being sent included.
        assert _count(metrics, "log_records_dropped_total", reason=DropReason.QUEUE_FULL) >= 24


def test_a_loki_that_is_down_costs_the_caller_nothing(metrics: ServiceMetrics) -> None:
    seconds: list[float] = []
    with shipping("http://127.0.0.1:1", metrics):
        seconds.append(_timed(lambda: _log(1000)))

    # Generous for a busy machine; the black hole below shows that nothing waits.
    assert seconds[0] < 5.0
    assert _count(metrics, "log_records_dropped_total", reason=DropReason.UNREACHABLE) == 1000


def test_a_black_hole_holds_neither_the_caller_nor_the_exit(loki: FakeLoki, metrics: ServiceMetrics) -> None:
    loki.delay_s = 6.0
    seconds: list[float] = []

    def session() -> None:
        with shipping(loki.url, metrics):
            seconds.append(_timed(lambda: _log(12_000)))

    whole = _timed(session)

    assert seconds[0] < 3.0
    assert whole - seconds[0] < 2.3, "the flush is bounded by two seconds"
    dropped = sum(_count(metrics, "log_records_dropped_total", reason=reason) for reason in DropReason)
    # All but the batch that may still wait for its answer when the process goes.
    assert 11_500 <= dropped <= 12_000
    assert _count(metrics, "log_records_dropped_total", reason=DropReason.QUEUE_FULL) > 0


def test_without_an_address_nothing_is_attached(metrics: ServiceMetrics) -> None:
    before = list(logging.getLogger().handlers)
    with ship_logs_to_loki(ServiceSettings(), metrics):
        assert logging.getLogger().handlers == before
