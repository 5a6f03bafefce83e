"""Finding and ending processes, seeing who holds a port: with real processes and sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from workbench.adapters import processes
from workbench.errors import UsageError
from workbench.platform import preflight
from workbench.platform.instance import CHECKOUT, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
PARENT = (
    "import os, subprocess, sys, time; subprocess.Popen(['sleep', '60'], env={}); print(1, flush=True); time.sleep(60)"
)


@pytest.fixture
def marked(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the instance whose state is `tmp_path`, that runs the given program."""
    environment = {**os.environ, **processes.marked_environment(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", request.param], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("marked", [PARENT], indirect=True)
def test_an_instances_processes_and_their_children_are_found_and_ended(
    marked: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    found = processes.of_instance(tmp_path)
    # The child has cleaned its environment: it is found as a child.
    assert len(found) == 2
    assert marked.pid in {process.pid for process in found}
    assert processes.of_instance(tmp_path / "other") == []
    assert processes.end(found) == 2
    assert processes.of_instance(tmp_path) == []


@pytest.mark.parametrize("marked", [STUBBORN], indirect=True)
def test_a_process_that_ignores_the_request_to_end_is_killed(
    marked: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_TERMINATE_S", 0.3)
    assert processes.end(processes.of_instance(tmp_path)) == 1
    assert not psutil.pid_exists(marked.pid)


@pytest.mark.parametrize("marked", [PARENT], indirect=True)
def test_a_process_is_told_by_a_word_of_its_command(marked: subprocess.Popen[bytes]) -> None:
    family = processes.of_command(marked.pid, PARENT)
    assert len(family) == 2
    assert processes.of_command(marked.pid, "another word") == []
    assert processes.resident_mib(marked.pid) > 1
    assert processes.end(family) == 2


def test_a_port_in_use_is_seen_with_its_process_and_refused() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port: int = server.getsockname()[1]
        assert not processes.port_is_free(port)
        assert processes.accepts_connections(port)
        assert f"(process {os.getpid()})" in processes.listener(port)
        with pytest.raises(UsageError, match=rf"{port} \(for prometheus\)") as refused:
            preflight.check_ports(Instance(CHECKOUT, CHECKOUT, 22000), {"prometheus": port})
        assert "TITANIUM_PORT_BASE=23000" in refused.value.hint
    assert processes.port_is_free(port)
    assert not processes.accepts_connections(port)
    assert processes.listener(port) == ""


def test_connections_that_linger_do_not_make_a_port_taken() -> None:
    """A server that closes first leaves TIME_WAIT behind: the next server may bind nevertheless."""
    with socket.socket() as server:
        # As every server does.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port: int = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            assert client.recv(1) == b""
    assert processes.port_is_free(port)
