"""What groups of processes cost: CPU time over a window, and memory at one moment.

Contract: a group is a name and the root processes of it; descendants belong to it. What it used over a window is the
difference of two `cpu_seconds` readings. A process that ends in between takes its later CPU time with it, so a group
whose process ended cannot be judged: `NoProcessError`. PSS divides shared pages among those who map them, RSS counts
them for each; both in MiB.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MIB = 2**20


class NoProcessError(CannotDecideError):
    """A process that was to be measured has ended."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One named process with its descendants."""

    name: str
    processes: int
    rss_mib: float
    pss_mib: float


def cpu_seconds(roots: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return CPU seconds used so far by each group, descendants included (those that have been waited for, too)."""
    named = {pid for pids in roots.values() for pid in pids}
    return {name: sum(_cpu(process) for pid in pids for process in _family(pid, named)) for name, pids in roots.items()}


def memory(roots: Mapping[str, int]) -> list[Memory]:
    """Return memory of each named process with its descendants, the largest share first."""
    named = set(roots.values())
    return sorted((_memory(name, _family(pid, named)) for name, pid in roots.items()), key=lambda item: -item.pss_mib)


def _family(pid: int, named: Collection[int]) -> list[psutil.Process]:
    """The process and its descendants without those that are named themselves: a supervisor is not its programs."""
    try:
        root = psutil.Process(pid)
        children = root.children()
    except psutil.NoSuchProcess as error:
        raise NoProcessError(f"process {pid} ended while it was measured", hint="see `titanium logs`") from error
    return [root, *(member for child in children if child.pid not in named for member in _descend(child))]


def _descend(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def _cpu(process: psutil.Process) -> float:
    """CPU seconds, those of children that ended included; 0 for a child that ended since it was listed."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _memory(name: str, family: Sequence[psutil.Process]) -> Memory:
    readings = [reading for process in family if (reading := _memory_of(process)) is not None]
    return Memory(name, len(readings), sum(r[0] for r in readings) / MIB, sum(r[1] for r in readings) / MIB)


def _memory_of(process: psutil.Process) -> tuple[int, int] | None:
    try:
        info = process.memory_full_info()
    except psutil.NoSuchProcess:
        return None
    return info.rss, info.pss
