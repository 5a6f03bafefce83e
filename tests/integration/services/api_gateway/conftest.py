"""The gateway, and the services behind it, as processes of their own on real sockets, PostgreSQL and Valkey."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.conftest import RunningService, StartService, TokenSigner, Valkey, unused_port, wait_until

_ROOT = Path(__file__).parents[4]
GATEWAY = "services.api_gateway.app:create_app"


@dataclass
class Answer:
    """What the upstream of a test answers, and after how long."""

    status: int = 200
    body: bytes = b'{"items": []}'
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    delay_s: float = 0.0


@dataclass
class Seen:
    """A request as it reached the upstream."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """A real HTTP server that answers what it is told and remembers what it was asked."""

    url: str
    answer: Answer = field(default_factory=Answer)
    seen: list[Seen] = field(default_factory=list)

    @property
    def last(self) -> Seen:
        return self.seen[-1]


@contextmanager
def _run_upstream() -> Iterator[Upstream]:
    running: Upstream

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: two small ones cost a delayed acknowledgement (40 ms).
        wbufsize = 65_536

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            running.seen.append(Seen(self.command, self.path, headers, body))
            answer = running.answer
            time.sleep(answer.delay_s)
            try:
                self.send_response(answer.status)
                for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True  # the gateway has given up; that is what the test is about

        do_GET = do_POST = do_PATCH = do_DELETE = _respond  # noqa: N815 - names of the standard library

        def log_message(self, *_arguments: object) -> None:
            """Keep the output of the tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Upstream(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[Upstream]:
    with _run_upstream() as running:
        yield running


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Upstream:
    """The module's upstream, as if it were new."""
    shared_upstream.answer = Answer()
    shared_upstream.seen.clear()
    return shared_upstream


@pytest.fixture(scope="module")
def shared_gateway(
    shared_upstream: Upstream, signer: TokenSigner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """One gateway for tests that need nothing of their own: a process a test is a second a test. It has no Valkey."""
    port, management_port = unused_port(), unused_port()
    log = tmp_path_factory.mktemp("gateway") / "log"
    environment = {
        **dict.fromkeys(("AUTH_URL", "USER_URL", "BLOG_URL"), shared_upstream.url),
        "TOKEN_JWKS_FILE": str(signer.jwks_file),
        "HTTP_PORT": str(port),
        "MANAGEMENT_PORT": str(management_port),
        "SHUTDOWN_WAIT_S": "0",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.common.server", GATEWAY],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=_ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    service = RunningService(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{management_port}", log)
    try:
        wait_until(lambda: process.poll() is not None or _is_ready(service), "the gateway's start")
        assert process.poll() is None, log.read_text()
        yield service
        assert service.terminate() == 0, log.read_text()
    finally:
        process.kill()
        process.wait(10)


def _is_ready(service: RunningService) -> bool:
    try:
        return httpx.get(f"{service.management_url}/readyz", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


StartGateway = Callable[..., RunningService]


@pytest.fixture
def start_gateway(start_service: StartService, valkey: Valkey, signer: TokenSigner, upstream: Upstream) -> StartGateway:
    """Start a gateway whose three upstreams are the test's one; variables override its environment."""

    def start(**variables: str) -> RunningService:
        urls = dict.fromkeys(("AUTH_URL", "USER_URL", "BLOG_URL"), upstream.url)
        keys = {"TOKEN_JWKS_FILE": str(signer.jwks_file)}
        quick = {"SHUTDOWN_WAIT_S": "0.2"}
        return start_service(GATEWAY, {"REDIS_URL": valkey.url, **urls, **keys, **quick, **variables})

    return start


@pytest.fixture
def gateway(shared_gateway: RunningService, upstream: Upstream) -> RunningService:
    return shared_gateway


@pytest.fixture
def client(gateway: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.url, timeout=15) as opened:
        yield opened


@pytest.fixture
def account_id() -> UUID:
    return uuid4()


@pytest.fixture
def bearer(signer: TokenSigner, account_id: UUID) -> dict[str, str]:
    return signer.headers("ada", account_id)


def metric(service: RunningService, name: str, **labels: str) -> float:
    """Return one sample of a service's /metrics; 0 when it does not exist yet."""
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    for line in httpx.get(f"{service.management_url}/metrics", timeout=5).text.splitlines():
        if line.startswith(name) and all(part in line for part in wanted):
            return float(line.rsplit(" ", 1)[1])
    return 0.0
