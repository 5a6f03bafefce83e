"""CPU time and memory of groups of processes, on real processes of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workbench.bench.processes import NoProcessError, cpu_seconds, memory

if TYPE_CHECKING:
    from collections.abc import Iterator

# The parent starts a child that works for 0.3 s of CPU time and is waited for; then both report and wait to be ended.
_PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.3: pass"])
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        yield process.pid
        process.terminate()


def test_cpu_time_of_a_child_that_has_ended_is_counted(parent: int) -> None:
    assert cpu_seconds({"group": [parent]})["group"] >= 0.3


def test_a_process_shares_pages_so_its_pss_is_below_its_rss(parent: int) -> None:
    (item,) = memory({"parent": parent})
    assert item.name == "parent"
    assert 0 < item.pss_mib < item.rss_mib


def test_the_largest_comes_first_and_a_child_with_a_name_of_its_own_counts_once(parent: int) -> None:
    alone = {item.name: item for item in memory({"us": os.getpid()})}
    both = memory({"small": parent, "us": os.getpid()})
    assert [item.name for item in both] == ["us", "small"]
    assert both[0].processes == alone["us"].processes - 1


def test_cpu_time_of_a_child_with_a_name_of_its_own_is_not_its_parents(parent: int) -> None:
    together = cpu_seconds({"us": [os.getpid()]})["us"]
    apart = cpu_seconds({"us": [os.getpid()], "child": [parent]})
    assert apart["us"] < together
    assert apart["child"] >= 0.3


def test_a_process_that_has_ended_cannot_be_measured() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(NoProcessError, match=str(process.pid)):
        cpu_seconds({"group": [process.pid]})
