"""A load run that is stopped, orphaned or watched: no worker stays behind, and what was measured is kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import psutil

from chaos.load.plan import LoadPlan
from chaos.load.result import LoadResult
from chaos.load.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.load.conftest import FakeBlog

WEB_PORT = 23_598
PARENT = """
import sys
from pathlib import Path
from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan

def say(progress):
    print(f"{progress.elapsed_s:.3f}", flush=True)

result = run_load(LoadPlan.from_json(sys.argv[1]), Path(sys.argv[2]), run_id="test", on_progress=say)
print("interrupted" if result.interrupted else "complete", flush=True)
"""


def start(plan: LoadPlan, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, plan.to_json(), str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_progress(parent: subprocess.Popen[str], seconds: float) -> None:
    assert parent.stdout is not None
    for line in parent.stdout:
        if float(line) >= seconds:
            return
    raise AssertionError("the run ended too early")


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def read_result(folder: Path) -> LoadResult:
    return LoadResult.from_json(json.loads((folder / "load.json").read_text(encoding="utf-8")))


def test_ctrl_c_ends_the_run_within_seconds_and_keeps_what_was_measured(blog: FakeBlog, tmp_path: Path) -> None:
    plan = LoadPlan(target=parse_target(blog.url), rate_rps=40.0, duration_s=120.0, warmup_s=0.5, workers=2)
    with start(plan, tmp_path) as parent:
        wait_for_progress(parent, 2.0)
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGINT)
        began = time.monotonic()
        words, _ = parent.communicate(timeout=15)
    assert time.monotonic() - began < 6
    assert words.splitlines()[-1] == "interrupted"
    result = read_result(tmp_path)
    assert result.interrupted
    assert 1 < result.measured_s < 10
    assert abs(result.offered_rps - 40) < 4
    assert len(workers) == 2
    assert not any(worker.is_running() for worker in workers)


def test_workers_end_by_themselves_when_the_parent_is_killed(blog: FakeBlog, tmp_path: Path) -> None:
    plan = LoadPlan(target=parse_target(blog.url), rate_rps=20.0, duration_s=120.0, warmup_s=0.0)
    with start(plan, tmp_path) as parent:
        wait_for_progress(parent, 0.0)
        workers = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    assert len(workers) == 1
    assert eventually(lambda: not any(worker.is_running() for worker in workers))


def test_locusts_own_pages_show_the_run_and_stay_until_ctrl_c(blog: FakeBlog, tmp_path: Path) -> None:
    plan = LoadPlan(target=parse_target(blog.url), rate_rps=40.0, duration_s=2.0, warmup_s=0.0, web_port=WEB_PORT)
    with start(plan, tmp_path) as parent:
        assert eventually((tmp_path / "load.json").exists, 30)
        with httpx.Client(base_url=f"http://127.0.0.1:{WEB_PORT}", trust_env=False) as browser:
            page = browser.get("/")
            figures = browser.get("/stats/requests").json()
        listening = {
            connection.laddr.ip
            for worker in psutil.Process(parent.pid).children(recursive=True)
            for connection in worker.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        parent.send_signal(signal.SIGINT)
        words, _ = parent.communicate(timeout=15)
    assert "Locust" in page.text
    total = next(row for row in figures["stats"] if row["name"] == "Aggregated")
    assert total["num_requests"] == read_result(tmp_path).started == 80
    assert listening == {"127.0.0.1"}
    assert words.splitlines()[-1] == "complete"
