"""Compare HTTP servers and proxy clients by CPU time per request.

Contract: `compare` starts each candidate as its own process, saturates it, and returns one `Figure` a candidate, in
order. CPU time per request is the figure to decide by: unlike requests a second, it does not depend on what else the
machine does. Candidates whose program is not installed are left out and named. granian is not a dependency;
`uv run --with granian titanium bench http` brings it for the comparison.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from workbench.bench.hotpath.apps import ORIGIN_VARIABLE
from workbench.bench.hotpath.load import HotpathError, saturate

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = "workbench.bench.hotpath.apps"
START_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A server program and the application it runs; `app` is an attribute of the `apps` module."""

    server: str
    app: str

    @property
    def name(self) -> str:
        return f"{self.server}, {self.app.replace('_', ' ')}"


CANDIDATES = tuple(
    Candidate(server, app) for app in ("origin", "aiohttp_hop", "httpx_hop") for server in ("uvicorn", "granian")
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What one candidate did: answers a second, and CPU microseconds of its own process per answer."""

    name: str
    rps: float
    cpu_us: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Load:
    """How hard and how long each candidate is driven."""

    connections: int = 16
    warmup_s: float = 1.0
    seconds: float = 5.0


def installed(candidate: Candidate) -> bool:
    """Say whether the candidate's server can be started with this Python."""
    return importlib.util.find_spec(candidate.server) is not None


def compare(candidates: tuple[Candidate, ...], load: Load) -> tuple[list[Figure], list[str]]:
    """Measure every installed candidate; return the figures, and the names of those not installed."""
    missing = [candidate.name for candidate in candidates if not installed(candidate)]
    with _serving(Candidate("uvicorn", "origin"), origin_port=None) as (origin_port, _):
        figures = [_measure(candidate, origin_port, load) for candidate in candidates if installed(candidate)]
    return figures, missing


def _measure(candidate: Candidate, origin_port: int, load: Load) -> Figure:
    with _serving(candidate, origin_port=origin_port) as (port, process):
        before: list[float] = []
        answers = asyncio.run(
            saturate(
                port,
                connections=load.connections,
                warmup_s=load.warmup_s,
                seconds=load.seconds,
                at_start=lambda: before.append(_cpu_s(process)),
            )
        )
        used = _cpu_s(process) - before[0]
        rss = sum(child.memory_info().rss for child in _family(process))
    if answers == 0:
        raise HotpathError(f"{candidate.name}: no answer in {load.seconds:g} s")
    return Figure(candidate.name, answers / load.seconds, used / answers * 1e6, rss / 2**20)


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _cpu_s(process: psutil.Process) -> float:
    """CPU seconds of the process and its children: granian works in a child."""
    return sum(times.user + times.system for times in (child.cpu_times() for child in _family(process)))


def _command(candidate: Candidate, port: int) -> list[str]:
    target = f"{APPS}:{candidate.app}"
    if candidate.server == "uvicorn":
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    else:
        options = ["--interface", "asgi", "--loop", "uvloop", "--no-ws", "--log-level", "error"]
    return [sys.executable, "-m", candidate.server, target, "--host", "127.0.0.1", "--port", str(port), *options]


@contextlib.contextmanager
def _serving(candidate: Candidate, *, origin_port: int | None) -> Iterator[tuple[int, psutil.Process]]:
    port = _free_port()
    environment = {**os.environ, ORIGIN_VARIABLE: f"http://127.0.0.1:{origin_port}/"}
    with subprocess.Popen(_command(candidate, port), env=environment) as child:  # noqa: S603  our own fixed command
        try:
            _await_listening(candidate, child, port)
            yield port, psutil.Process(child.pid)
        finally:
            child.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_listening(candidate: Candidate, child: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise HotpathError(f"{candidate.name} did not listen within {START_DEADLINE_S:g} s")
