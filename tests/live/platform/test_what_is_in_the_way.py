"""What stops `titanium up`: one clear error, the way out, exit code 2, and nothing started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.conftest import LivePlatform

NOBODY = 65534


def assert_refused(finished: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check that it ended as a usage error of one sentence with a hint, and no traceback."""
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert finished.stderr.count("error:") == 1
    assert "do:" in finished.stderr
    assert "Traceback" not in finished.stderr
    for word in words:
        assert word in finished.stderr


def test_a_port_in_use_is_named_with_its_process_and_the_way_to_other_ports(fresh: LivePlatform) -> None:
    port = fresh.instance.ports.prometheus
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        refused = fresh.titanium("up")
    assert_refused(refused, f"{port} (for prometheus)", f"process {os.getpid()}", "TITANIUM_PORT_BASE=")


def test_a_lock_of_a_dead_process_is_taken_over_with_a_line(fresh: LivePlatform) -> None:
    fresh.instance.run.mkdir(parents=True)
    (fresh.instance.run / "lock").write_text("999999\n")
    # An unusable database ends this run right after the lock.
    refused = fresh.titanium("up", DATABASE_URL="mysql://localhost/x")
    assert_refused(refused, "DATABASE_URL")
    assert "process 999999" in refused.stdout
    assert not (fresh.instance.run / "lock").exists()


def test_an_unreachable_database_is_reported_before_anything_starts(fresh: LivePlatform) -> None:
    port = fresh.instance.port_base + 99
    refused = fresh.titanium("up", DATABASE_URL=f"postgresql://user:hush@127.0.0.1:{port}/db")
    assert_refused(refused, f"127.0.0.1:{port}", "unset DATABASE_URL")
    assert "hush" not in refused.stderr


def test_an_unreachable_redis_is_reported_before_anything_starts(fresh: LivePlatform) -> None:
    port = fresh.instance.port_base + 99
    refused = fresh.titanium("up", REDIS_URL=f"redis://127.0.0.1:{port}/0")
    assert_refused(refused, f"127.0.0.1:{port}", "unset REDIS_URL")


def test_a_wrong_database_password_is_reported_before_anything_starts(
    fresh: LivePlatform, platform: LivePlatform
) -> None:
    port = platform.instance.ports.postgres
    refused = fresh.titanium("up", DATABASE_URL=f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")
    assert_refused(refused, f"127.0.0.1:{port}", "password")


def test_a_program_that_cannot_be_executed_is_named_with_its_variable(fresh: LivePlatform, tmp_path: Path) -> None:
    refused = fresh.titanium("up", PROMETHEUS_BIN=str(tmp_path / "nothing"))
    assert_refused(refused, "PROMETHEUS_BIN", str(tmp_path / "nothing"))


def test_a_full_disk_is_reported_with_what_is_free(fresh: LivePlatform, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small], check=False).returncode == 0
    if not mounted:
        pytest.skip("mounting a small file system needs root; the arithmetic is in tests/unit")
    try:
        assert_refused(fresh.titanium("up", TITANIUM_STATE=str(small)), "16 MB free", "TITANIUM_STATE=")
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_state_folder_that_cannot_be_written_is_reported(fresh: LivePlatform, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere; sysfs refuses even root.
        target = "/sys/titanium"
    else:
        read_only = tmp_path / "read-only"
        read_only.mkdir(mode=0o500)
        target = str(read_only / "state")
    assert_refused(fresh.titanium("up", TITANIUM_STATE=target), target, "TITANIUM_STATE=/path/with/room")


def test_a_failing_migration_stops_everything_that_was_started(fresh: LivePlatform) -> None:
    """The statement timeout is below its bound: the settings refuse it, after the databases have been started."""
    failed = fresh.titanium("up", LOG_LEVEL="SHOUT")
    assert failed.returncode == 3
    assert "LOG_LEVEL" in failed.stderr
    assert "start PostgreSQL and Valkey" in failed.stdout
    assert list(fresh.instance.run.iterdir()) == []


def test_an_interrupted_up_cleans_up_after_itself(fresh: LivePlatform) -> None:
    command = [sys.executable, "-m", "workbench", "up"]
    with subprocess.Popen(
        command, env=dict(fresh.environment), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "start PostgreSQL" in line:
                break
        process.terminate()
        process.stdout.read()
        assert process.wait(60) == 130
    assert list(fresh.instance.run.iterdir()) == []
