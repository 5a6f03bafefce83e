"""The gateway, and the services behind it, as processes of their own on real sockets, PostgreSQL and Valkey."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.conftest import RunningService, StartService, TokenSigner, Valkey

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


@pytest.fixture
def upstream() -> Iterator[Upstream]:
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
def gateway(start_gateway: StartGateway) -> RunningService:
    return start_gateway()


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
