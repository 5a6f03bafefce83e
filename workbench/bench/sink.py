"""Stand-ins for Jaeger and Loki that accept everything: what telemetry costs its sender, without a backend.

Contract: while `Sink` is open, POSTs to `/v1/traces`, `/v1/metrics`, `/v1/logs` (OTLP over HTTP) and
`/loki/api/v1/push` on its loopback port are read to the end, answered as the real servers do, and counted. Anything
else is a 404. A benchmark "with telemetry" whose sink received nothing would be a benchmark without: ask `received`.
"""

from __future__ import annotations

import collections
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

LOKI_PUSH = "/loki/api/v1/push"
# An empty Export*ServiceResponse is zero bytes of protobuf; Loki answers 204 without a body.
ANSWERS = {
    "/v1/traces": HTTPStatus.OK,
    "/v1/metrics": HTTPStatus.OK,
    "/v1/logs": HTTPStatus.OK,
    LOKI_PUSH: HTTPStatus.NO_CONTENT,
}


class Sink:
    """An OTLP and Loki receiver on a loopback port of the system's choice, or on `port`."""

    def __init__(self, port: int = 0) -> None:
        self._received: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def received(self) -> dict[str, int]:
        """Return the number of requests accepted so far by path."""
        with self._lock:
            return dict(self._received)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _count(self, path: str) -> None:
        with self._lock:
            self._received[path] += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        count = self._count

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status = ANSWERS.get(self.path, HTTPStatus.NOT_FOUND)
                if status != HTTPStatus.NOT_FOUND:
                    count(self.path)
                self.send_response(status)
                if status == HTTPStatus.OK:
                    self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """Stay silent: the base class would write a line a request to stderr."""

        return Handler
