"""A tiny service that misbehaves on demand: /slow/<seconds>, /status/<code>, /cut (in a body), /drop (before one)."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment: else delayed acknowledgements add 40 ms to each answer.
    wbufsize = -1

    def do_GET(self) -> None:  # the standard library's naming
        *_, before, last = ["", *self.path.split("?")[0].strip("/").split("/")]
        if last in ("drop", "cut"):
            if last == "cut":
                self._answer(200, b"x" * 10, length=100_000)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if before == "slow":
            time.sleep(float(last))
        self._answer(int(last) if before == "status" else 200, json.dumps({"path": self.path}).encode())

    def _answer(self, code: int, body: bytes, length: int | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that has gone away is what some of the tests want."""


def serve(port: int) -> ThreadingHTTPServer:
    """Serve on 127.0.0.1:port in threads until `shutdown()`."""
    server = _Server(("127.0.0.1", port), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
