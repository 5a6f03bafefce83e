"""Processes of the benchmark's own: the four services, in the environment of one variant.

Contract: `serving` starts every program, returns when each answers its readiness probe, and ends them all afterwards,
whatever happens. A program that ends early or is not ready in time is an error that quotes the end of its log. Logs
are left in the folder.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

READY_DEADLINE_S = 60.0
# A service drains and flushes on SIGTERM: 1 s of waiting, 2 s of flushing, and what is in flight.
END_DEADLINE_S = 30.0
QUOTED_CHARACTERS = 800


class CopyError(CannotDecideError):
    """A copy of a service did not come up."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start, and the URL that answers 200 once it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready_url: str


@contextlib.contextmanager
def serving(programs: Sequence[Program], folder: Path) -> Iterator[dict[str, int]]:
    """Run the programs; yield their process ids by name."""
    folder.mkdir(parents=True, exist_ok=True)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for program in programs:
            processes[program.name] = _start(program, folder)
        for program in programs:
            _await_ready(program, processes[program.name], folder)
        yield {name: process.pid for name, process in processes.items()}
    finally:
        _end(list(processes.values()))


def _start(program: Program, folder: Path) -> subprocess.Popen[bytes]:
    with _log(folder, program).open("wb") as log:
        # A session of its own: Ctrl-C reaches the benchmark alone, which then ends its copies in order.
        return subprocess.Popen(  # noqa: S603  the platform's own command for this service
            list(program.command), env=dict(program.environment), stdout=log, stderr=log, start_new_session=True
        )


def _await_ready(program: Program, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(program.ready_url, timeout=1, trust_env=False).status_code == HTTPStatus.OK:
                return
        time.sleep(0.05)
    words = _log(folder, program).read_text(encoding="utf-8", errors="replace").strip()[-QUOTED_CHARACTERS:]
    state = "was not ready in time" if process.poll() is None else f"ended with {process.returncode}"
    raise CopyError(f"{program.name} {state}: {words or 'it said nothing'}")


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + END_DEADLINE_S
    for process in processes:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log(folder: Path, program: Program) -> Path:
    return folder / f"{program.name}.log"
