"""Waiting until something works, with a deadline; a program that died, or does not get ready, is shown with its log."""

import json
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from workbench.adapters.processes import accepts_connections
from workbench.adapters.supervisor import Supervisor
from workbench.errors import CannotDecideError
from workbench.platform.programs import Program

PROGRAM_DEADLINE_S: Final = 60.0
TELEMETRY_DEADLINE_S: Final = 60.0
_POLL_S: Final = 0.1
_QUOTED_LINES: Final = 15
# A proxy of the environment must not come between us and our own machine.
_opener = build_opener(ProxyHandler({}))


class NotReadyError(CannotDecideError):
    """Something did not get ready."""


def answers(url: str, *, host: str = "", timeout_s: float = 2.0) -> bool:
    """Return whether a GET is answered with 200."""
    request = Request(url, headers={"Host": host} if host else {})  # noqa: S310 - addresses of our own ports
    try:
        with _opener.open(request, timeout=timeout_s) as response:
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP OK
    except (URLError, OSError, HTTPException):
        return False


def is_ready(program: Program) -> bool:
    """Return whether a running program works."""
    if program.ready_url:
        return answers(program.ready_url)
    return program.port == 0 or accepts_connections(program.port)


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float) -> None:
    """Poll a condition.

    Raises:
        NotReadyError: it does not hold after the deadline.
    """
    ends = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > ends:
            raise NotReadyError(f"{what}: not within {deadline_s:.0f} s")
        time.sleep(_POLL_S)


def wait_for_programs(supervisor: Supervisor, programs: Sequence[Program], logs: Path) -> None:
    """Wait until all the programs work.

    Raises:
        NotReadyError: one was given up by the supervisor, or does not work after 60 s; the message has its log's end.
    """
    waiting, ends = list(programs), time.monotonic() + PROGRAM_DEADLINE_S
    while waiting:
        states = supervisor.processes()
        waiting = [one for one in waiting if not (states[one.name].is_running and is_ready(one))]
        for program in waiting:
            if states[program.name].state == "FATAL":
                raise _failed(program, "keeps ending", logs)
        if waiting and time.monotonic() > ends:
            raise _failed(waiting[0], f"is not ready after {PROGRAM_DEADLINE_S:.0f} s", logs)
        time.sleep(_POLL_S if waiting else 0)


def _failed(program: Program, what: str, logs: Path) -> NotReadyError:
    file = logs / f"{program.name}.log"
    said = "\n".join(f"    {line}" for line in tail(file, _QUOTED_LINES)) or "    (nothing)"
    return NotReadyError(f"{program.name} {what}. The end of its log:\n{said}", hint=f"read {file}")


def tail(file: Path, lines: int) -> list[str]:
    """Return the last lines of a log; none when there is no such file."""
    if not file.exists():
        return []
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - lines * 2000))
        return stream.read().decode(errors="replace").splitlines()[-lines:]


def series(prometheus_url: str, query: str) -> list[float]:
    """Return the values of an instant query; none when Prometheus does not answer."""
    try:
        with _opener.open(f"{prometheus_url}/api/v1/query?query={quote(query)}", timeout=2) as response:
            result = json.load(response)["data"]["result"]
    except (URLError, OSError, HTTPException, ValueError):
        return []
    return [float(one["value"][1]) for one in result]
