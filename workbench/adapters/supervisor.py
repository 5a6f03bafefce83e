"""supervisord: its configuration file, its start, and its XML-RPC interface over a Unix socket.

supervisord is the kept process supervisor: it starts, restarts and stops the programs and keeps their logs. It is told
what to run by a generated file; every program is started by name through the interface, so that the order is ours.
"""

import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from workbench.errors import CannotDecideError
from workbench.platform.programs import Program

# A process that exits within this many seconds has not started; after `_START_RETRIES` such exits it is given up.
_START_SECONDS: Final = 1
_START_RETRIES: Final = 5
_LOG_BYTES: Final = "10MB"
_ANSWER_TIMEOUT_S: Final = 60
ALREADY_STARTED: Final = 60
NOT_RUNNING: Final = 70
BAD_NAME: Final = 10
_STOP_DEADLINE_S: Final = 60
_ALIVE: Final = frozenset({"STARTING", "RUNNING", "BACKOFF", "STOPPING"})


@dataclass(frozen=True)
class ProcessState:
    """One process as supervisord sees it; `state` is its word (RUNNING, BACKOFF, FATAL, EXITED, STOPPED …)."""

    name: str
    state: str
    pid: int
    uptime_s: int
    exit_status: int

    @property
    def is_running(self) -> bool:
        return self.state == "RUNNING"


def render_configuration(
    programs: Sequence[Program], *, socket_path: Path, pid_file: Path, logs: Path, restarts_file: Path
) -> str:
    """Return supervisord's configuration file."""
    listener = f"{sys.executable} -m workbench.platform.restart_counter {restarts_file}"
    sections = [
        f"[unix_http_server]\nfile={_escape(str(socket_path))}\nchmod=0600",
        f"[supervisord]\npidfile={_escape(str(pid_file))}\nlogfile={_escape(str(logs / 'supervisord.log'))}\n"
        f"logfile_maxbytes={_LOG_BYTES}\nlogfile_backups=1\nchildlogdir={_escape(str(logs))}\nminfds=4096\nsilent=true",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        f"[eventlistener:restart-counter]\ncommand={_escape(listener)}\n"
        "events=PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF\n"
        f"stderr_logfile={_escape(str(logs / 'restart-counter.log'))}\nautostart=true\nautorestart=true",
        *(_program_section(program, logs) for program in programs),
    ]
    return "\n\n".join(sections) + "\n"


def _program_section(program: Program, logs: Path) -> str:
    lines = [
        f"[program:{program.name}]",
        f"command={_escape(' '.join(_quote(word) for word in program.argv))}",
        "autostart=false",
        "autorestart=true",
        f"startsecs={_START_SECONDS}",
        f"startretries={_START_RETRIES}",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_wait_s}",
        "stopasgroup=false",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_escape(str(logs / f'{program.name}.log'))}",
        f"stdout_logfile_maxbytes={_LOG_BYTES}",
        "stdout_logfile_backups=1",
    ]
    if program.directory:
        lines.append(f"directory={_escape(program.directory)}")
    if program.environment:
        pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in sorted(program.environment.items()))
        lines.append(f"environment={pairs}")
    return "\n".join(lines)


def _escape(value: str) -> str:
    """Protect the percent signs that supervisord would expand, and refuse what its file format cannot hold."""
    return value.replace("%", "%%")


def _quote(word: str) -> str:
    """Quote a word for supervisord, which splits commands like a shell does."""
    return (
        word if word and not set(word) & set(" \"'\\;") else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )


def start_supervisor(configuration: Path, environment: Mapping[str, str], folder: Path) -> None:
    """Start supervisord in the background.

    Raises:
        CannotDecideError: it refused to start; the message is its own.
    """
    finished = subprocess.run(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(configuration)],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_ANSWER_TIMEOUT_S,
    )
    if finished.returncode != 0:
        raise CannotDecideError(f"supervisord did not start: {(finished.stderr or finished.stdout).strip()}")


class Supervisor:
    """The running supervisord behind a Unix socket.

    Methods raise `ConnectionError` (an `OSError`) when nothing answers there.
    """

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = str(socket_path)

    def _ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC answers with whatever it likes
        transport = _UnixTransport(self._socket_path)
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def is_alive(self) -> bool:
        """Return whether supervisord answers."""
        try:
            self._ask("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def pid(self) -> int:
        return int(self._ask("getPID"))

    def processes(self) -> dict[str, ProcessState]:
        """Return every program's state, by name; the restart counter is not one of the platform's programs."""
        states = [_process_state(info) for info in self._ask("getAllProcessInfo")]
        return {state.name: state for state in states if state.name != "restart-counter"}

    def start(self, name: str) -> None:
        """Start a program, if it does not run already, without waiting for it to settle."""
        self._tolerate(ALREADY_STARTED, "startProcess", name)

    def stop(self, name: str) -> None:
        """Stop a program and wait for its end."""
        self._tolerate(NOT_RUNNING, "stopProcess", name)

    def stop_all(self, names: Sequence[str]) -> None:
        """Ask programs to stop, all at once, and wait until they have (supervisord kills those that take too long)."""
        for name in names:
            try:
                self._ask("stopProcess", name, False)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode not in {NOT_RUNNING, BAD_NAME}:
                    raise CannotDecideError(f"supervisord could not stop {name}: {fault.faultString}") from fault
        deadline = time.monotonic() + _STOP_DEADLINE_S
        while any(state.name in names and state.state in _ALIVE for state in self.processes().values()):
            if time.monotonic() > deadline:
                raise CannotDecideError(f"these do not stop: {', '.join(names)}")
            time.sleep(0.05)

    def reload(self) -> None:
        """Read the configuration file again: new and changed programs are taken over, removed ones are dropped."""
        added, changed, removed = self._ask("reloadConfig")[0]
        for name in (*removed, *changed):
            self._ask("stopProcessGroup", name)
            self._ask("removeProcessGroup", name)
        for name in (*changed, *added):
            self._ask("addProcessGroup", name)

    def shutdown(self) -> None:
        """Ask supervisord to stop everything and end; returns before it has.

        It takes its groups down one a second, also those that have stopped: without them it is gone at once.
        """
        for name, state in self.processes().items():
            if state.state not in _ALIVE:
                self._ask("removeProcessGroup", name)
        self._ask("shutdown")

    def _tolerate(self, fault_code: int, method: str, name: str) -> None:
        try:
            self._ask(method, name, method == "stopProcess")
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != fault_code:
                raise CannotDecideError(f"supervisord could not {method} {name}: {fault.faultString}") from fault


def _process_state(info: Mapping[str, Any]) -> ProcessState:
    started, now = int(info["start"]), int(info["now"])
    return ProcessState(
        name=str(info["name"]),
        state=str(info["statename"]),
        pid=int(info["pid"]),
        uptime_s=max(0, now - started) if info["pid"] else 0,
        exit_status=int(info["exitstatus"]),
    )


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: "xmlrpc.client._HostType") -> HTTPConnection:
        # Kept where the base class looks for the connection that it closes.
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)
        return connection
