"""What is checked before anything starts: each finding is one sentence with the way out."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from workbench.adapters.processes import inotify_instances_left, listener, port_is_free
from workbench.errors import UsageError
from workbench.platform.instance import PORT_BASE_VARIABLE, STATE_VARIABLE, Instance

# Five Envoys with five watched sources each: listeners, clusters, routes, two secrets (counted in /proc/PID/fd).
WATCHES: Final = 25
_WATCH_LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_instances")
MINIMUM_FREE_BYTES: Final = 500 * 2**20

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Return the bytes that this user may still write to the folder's file system."""
    return shutil.disk_usage(folder).free


def check_state_folder(instance: Instance, free: FreeBytes = free_bytes) -> None:
    """Make the state folder, and see that it can be written and has room.

    Raises:
        UsageError: it cannot be written, or less than 500 MB are free.
    """
    way_out = f"put the state elsewhere: {STATE_VARIABLE}=/path/with/room titanium up"
    try:
        for folder in (instance.state, instance.logs, instance.run):
            folder.mkdir(parents=True, exist_ok=True)
        probe = instance.run / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"{instance.state} cannot be written: {error.strerror}", hint=way_out) from error
    available = free(instance.state)
    if available < MINIMUM_FREE_BYTES:
        raise UsageError(
            f"the disk of {instance.state} is nearly full: {available / 2**20:.0f} MB free, 500 MB are needed",
            hint=f"free some space, or {way_out}",
        )


def check_ports(instance: Instance, needed: Mapping[str, int]) -> None:
    """See that the ports of programs that are about to start are free; `needed` is name → port.

    Raises:
        UsageError: some are in use; the message names each with its process, as far as this user may know it.
    """
    taken = {name: port for name, port in needed.items() if not port_is_free(port)}
    if not taken:
        return
    sentences = ", ".join(_owner(name, port) for name, port in taken.items())
    other = 22000 if instance.port_base != 22000 else 23000  # noqa: PLR2004 - any other base does
    raise UsageError(
        f"ports in use on 127.0.0.1: {sentences}",
        hint=f"end what listens there, or choose other ports: {PORT_BASE_VARIABLE}={other} titanium up",
    )


def _owner(name: str, port: int) -> str:
    who = listener(port)
    return f"{port} (for {name}){f' by {who}' if who else ''}"


def check_watches(needed: int = WATCHES, limit: Path = _WATCH_LIMIT) -> None:
    """See that Envoy may watch its files: each watched source is one inotify instance, and a user has few (128).

    Raises:
        UsageError: fewer than `needed` are left; Envoy would abort.
    """
    if inotify_instances_left(needed) >= needed:
        return
    allowed = int(limit.read_text()) if limit.exists() else 0
    raise UsageError(
        f"too few inotify instances are left for the mesh: {needed} are needed, this user may have {allowed} in all",
        hint=f"stop another platform, or run: sudo sysctl fs.inotify.max_user_instances={max(512, 2 * allowed)}",
    )


def check_programs(names: Iterable[str] = ("setpriv",)) -> None:
    """See that the system's own programs are there that only root needs.

    Raises:
        UsageError: one is missing.
    """
    if os.geteuid() != 0:
        return
    for name in names:
        if shutil.which(name) is None:
            raise UsageError(
                f"the program {name} is missing: PostgreSQL refuses to run as root without it",
                hint="run: apt-get install util-linux, or run as an ordinary user",
            )
