"""Processes of this machine: who listens on a port, which belong to an instance, how to end them.

Every process of an instance carries a mark with its state folder in its environment: that is how those are found whose
supervisor was killed. Only processes that this user may look into are seen.
"""

import ctypes
import os
import socket
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

import psutil

# Not TITANIUM_STATE: people export that in their shells, and a shell is no part of the platform.
MARK: Final = "TITANIUM_SUPERVISED"
_TERMINATE_S: Final = 15
_KILL_S: Final = 5


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on that port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        # As servers do: connections that linger after a server's end do not count as a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def accepts_connections(port: int, timeout_s: float = 0.5) -> bool:
    """Return whether a server answers on that port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        probe.settimeout(timeout_s)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def inotify_instances_left(wanted: int) -> int:
    """Return how many inotify instances this user may still open, counted up to `wanted`, by opening them."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptors: list[int] = []
    try:
        while len(descriptors) < wanted and (descriptor := library.inotify_init1(os.O_CLOEXEC)) >= 0:
            descriptors.append(descriptor)
        return len(descriptors)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def listener(port: int) -> str:
    """Return the process that listens on a port, as `name (process 123)`; empty when this user may not know."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == port:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""


def marked_environment(state: Path) -> dict[str, str]:
    """Return the variable that makes a process one of this instance."""
    return {MARK: str(state)}


def of_instance(state: Path) -> list[psutil.Process]:
    """Return the processes that carry the instance's mark, and their descendants; never this one or its parents."""
    here = psutil.Process()
    spared = {here.pid, *(parent.pid for parent in here.parents())}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid in spared or not _is_marked(process, state):
            continue
        for member in (process, *_children(process)):
            found.setdefault(member.pid, member)
    return list(found.values())


def _is_marked(process: psutil.Process, state: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(state)
    except (psutil.Error, OSError):
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def of_command(pid: int | None, word: str) -> list[psutil.Process]:
    """Return the process of that id if the word is in its command, and its descendants.

    For processes of another user, whose environment a container's root may not read.
    """
    try:
        process = psutil.Process(pid) if pid else None
        if process is None or word not in process.cmdline():
            return []
    except psutil.Error:
        return []
    return [process, *_children(process)]


def end(processes: Iterable[psutil.Process]) -> int:
    """Ask the processes to end, kill those that do not within 15 s, and return how many there were."""
    pending = list({process.pid: process for process in processes}.values())
    count = len(pending)
    for method, deadline_s in (("terminate", _TERMINATE_S), ("kill", _KILL_S)):
        for process in pending:
            try:
                getattr(process, method)()
            except psutil.NoSuchProcess:
                continue
        _, pending = psutil.wait_procs(pending, timeout=deadline_s)
    return count


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process and its descendants, in MiB; 0 when it has ended."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20
