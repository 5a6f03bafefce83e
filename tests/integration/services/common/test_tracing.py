"""Traces of a real service process to a fake OTLP collector, and what tracing costs when it is not configured."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from tests.integration.conftest import StartService, TokenSigner

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class FakeCollector:
    """Remembers the spans that it is sent; answers after `delay_s`."""

    def __init__(self) -> None:
        self.url = ""
        self.delay_s = 0.0
        self.resources: set[tuple[str, str]] = set()
        self.spans: list[Span] = []
        self.batches: list[int] = []

    def take(self, body: bytes) -> None:
        before = len(self.spans)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.update((item.key, item.value.string_value) for item in resource.resource.attributes)
            self.spans.extend(span for scope in resource.scope_spans for span in scope.spans)
        self.batches.append(len(self.spans) - before)


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    fake = FakeCollector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            time.sleep(fake.delay_s)
            fake.take(body)
            self.send_response(200)
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
def environment(
    database_url: str, signer: "TokenSigner", migrated: Callable[[str, str], None], collector: FakeCollector
) -> dict[str, str]:
    migrated("services.user", database_url)
    return {
        "DATABASE_URL": database_url,
        "TOKEN_JWKS_FILE": str(signer.jwks_file),
        "SERVICE_VERSION": "1.2.3",
        "SHUTDOWN_WAIT_S": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
    }


def _get(url: str, *, sampled: bool) -> httpx.Response:
    return httpx.get(url, headers={"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-0{int(sampled)}"})


def test_a_sampled_request_yields_http_and_sql_spans_an_exemplar_and_ids_in_the_log(
    start_service: "StartService", environment: dict[str, str], collector: FakeCollector
) -> None:
    service = start_service("services.user.app:create_app", environment)

    _get(f"{service.url}/v1/users/ada", sampled=True)
    options = httpx.options(f"{service.url}/v1/users/ada")
    metrics = httpx.get(f"{service.management_url}/metrics", headers={"accept": "application/openmetrics-text"})
    assert service.terminate() == 0

    assert options.status_code == 405, "older instrumentation answered 500"
    mine = [span for span in collector.spans if span.trace_id.hex() == TRACE_ID]
    assert {span.name for span in mine} >= {"GET /v1/users/{handle}"}
    assert any(span.name.startswith("SELECT") for span in mine)
    assert not any("http send" in span.name or "http receive" in span.name for span in mine)
    assert {("service.name", "user"), ("service.version", "1.2.3")} <= collector.resources
    assert f'trace_id="{TRACE_ID}"' in metrics.text


def test_an_unsampled_parent_is_not_recorded(
    start_service: "StartService", environment: dict[str, str], collector: FakeCollector
) -> None:
    service = start_service("services.user.app:create_app", environment | {"OTEL_TRACES_SAMPLER_ARG": "1"})

    _get(f"{service.url}/v1/users/ada", sampled=False)
    metrics = httpx.get(f"{service.management_url}/metrics", headers={"accept": "application/openmetrics-text"})
    service.terminate()

    assert not [span for span in collector.spans if span.trace_id.hex() == TRACE_ID]
    assert TRACE_ID not in metrics.text


def test_spans_are_sent_in_pieces_that_no_request_has_to_wait_for(
    start_service: "StartService", environment: dict[str, str], collector: FakeCollector
) -> None:
    service = start_service("services.user.app:create_app", environment)
    for _ in range(60):
        _get(f"{service.url}/v1/users/ada", sampled=True)
    assert service.terminate() == 0

    assert len(collector.spans) > 64
    assert max(collector.batches) <= 64


def test_a_collector_that_does_not_answer_holds_neither_requests_nor_the_exit(
    start_service: "StartService", environment: dict[str, str], collector: FakeCollector
) -> None:
    collector.delay_s = 30.0
    service = start_service("services.user.app:create_app", environment)
    for _ in range(20):
        started = time.perf_counter()
        assert _get(f"{service.url}/v1/users/ada", sampled=True).status_code == 404
        assert time.perf_counter() - started < 1.0

    started = time.perf_counter()
    assert service.terminate() == 0
    assert time.perf_counter() - started < 4.0


def test_without_an_endpoint_no_instrumentation_or_exporter_is_imported() -> None:
    # The API and the SDK's metrics do get imported, by redis-py; they are not ours to avoid and do nothing.
    ours = ("distro", "instrumentation", "exporter", "sdk.trace")
    program = (
        "import sys, services.common.server, services.user.app;"
        f"ours = tuple('opentelemetry.' + name for name in {ours!r});"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert finished.stdout == "[]\n"
