"""Copies of services that a benchmark starts and ends, with a server of a few lines in their place."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from workbench.bench.copies import CopyError, Program, serving

if TYPE_CHECKING:
    from pathlib import Path

# Answers /ready on the port it is given.
_SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, code: str = _SERVER) -> Program:
    port = free_port()
    return Program(name, [sys.executable, "-c", code, str(port)], {}, f"http://127.0.0.1:{port}/ready")


def test_all_are_ready_inside_and_gone_afterwards(tmp_path: Path) -> None:
    with serving([program("one"), program("two")], tmp_path) as pids:
        assert all(psutil.pid_exists(pid) for pid in pids.values())
        assert set(pids) == {"one", "two"}
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


def test_one_that_ends_early_is_quoted_and_takes_the_others_with_it(tmp_path: Path) -> None:
    good, bad = program("good"), program("bad", "import sys; sys.exit('no database')")
    with pytest.raises(CopyError, match="bad ended with 1: no database"), serving([good, bad], tmp_path):
        pytest.fail("it must not come to this")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", int(good.command[-1])))
