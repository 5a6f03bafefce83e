"""The main job as a user runs it: a good build passes, a slow one is a breach, a run without its witness is undecided.

Short runs: 20 s at 100 requests/s are just enough to decide both objectives at the first look (docs/gate.md).
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.conftest import LivePlatform
from workbench.adapters import processes as machine
from workbench.adapters.supervisor import Supervisor
from workbench.platform.instance import CHECKOUT

SHORT = ("--duration", "20", "--warmup", "3", "--check", "20", "--limit", "60")
DEADLINE_S = 280


def undisturbed(live: LivePlatform) -> dict[str, str]:
    """Return the environment without the coverage tool: it would slow down what is judged by its speed."""
    return {name: value for name, value in live.environment.items() if not name.startswith("COV")}


def verify(live: LivePlatform, *options: str, checkout: Path = CHECKOUT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "workbench", "verify", *SHORT, *options],
        env=undisturbed(live),
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )


def shown(finished: "subprocess.CompletedProcess[str]") -> str:
    return finished.stdout + finished.stderr


@pytest.fixture
def slow_checkout(tmp_path: Path) -> Path:
    """A copy of the source in which the blog's endpoints take 600 ms longer: a bad build."""
    copy = tmp_path / "slow"
    for folder in ("services", "slo", "dashboards", "alerts", "chaos", "workbench", "k8s"):
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    boundary = copy / "services" / "blog" / "app.py"
    boundary.write_text(
        boundary.read_text(encoding="utf-8")
        + "\n\nimport asyncio\n\n_create_app = create_app\n\n\n"
        + "def create_app():\n    app = _create_app()\n\n    @app.middleware('http')\n"
        + "    async def slow(request, call_next):\n        await asyncio.sleep(0.6)\n"
        + "        return await call_next(request)\n\n    return app\n",
        encoding="utf-8",
    )
    return copy


@contextmanager
def verifying(live: LivePlatform) -> Iterator["subprocess.Popen[str]"]:
    """A verification that goes on while the test acts; it is ended with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "workbench", "verify", *SHORT],
        env=undisturbed(live),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watchdog = threading.Timer(DEADLINE_S, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            watchdog.join()


def test_a_good_build_passes_with_evidence_and_leaves_nothing_running(fresh: LivePlatform) -> None:
    finished = verify(fresh)

    assert finished.returncode == 0, shown(finished)
    assert "verdict   PASS" in finished.stdout
    assert "an injected delay turned the verdict to FAIL" in finished.stdout
    (folder,) = fresh.instance.evidence.iterdir()
    for run in ("counter-check", "recovery"):
        assert {file.name for file in (folder / run).iterdir()} >= {
            "gate.json",
            "gate.md",
            "gate.xml",
            "gate.html",
            "load.json",
        }
    assert machine.of_instance(fresh.instance.state) == []


def test_a_build_whose_handler_is_600_ms_slower_is_a_breach(fresh: LivePlatform, slow_checkout: Path) -> None:
    finished = verify(fresh, checkout=slow_checkout)

    assert finished.returncode == 1, shown(finished)
    assert "verdict   FAIL" in finished.stdout
    assert "gateway-latency" in finished.stdout


def test_a_run_in_which_prometheus_is_killed_cannot_be_decided(fresh: LivePlatform) -> None:
    said: list[str] = []
    with verifying(fresh) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith("measuring") and "killed\n" not in said:
                state = Supervisor(fresh.instance.supervisor_socket).processes()["prometheus"]
                os.kill(state.pid, signal.SIGKILL)
                said.append("killed\n")
        code = process.wait()

    assert code == 3, "".join(said)
    assert "killed\n" in said


def test_ctrl_c_in_the_middle_of_a_run_cleans_up(fresh: LivePlatform) -> None:
    with verifying(fresh) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("warm-up"):
                process.send_signal(signal.SIGINT)
                break
        said = process.stdout.read()
        code = process.wait()

    assert code == 130, said
    assert machine.of_instance(fresh.instance.state) == []
