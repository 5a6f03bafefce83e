"""The referee measures the same reading mix with another program, and tells failures and silence apart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from chaos.load.errors import UnreachableError
from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.target import parse_target
from workbench.adapters.k6 import reading_paths, run_k6

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.load.conftest import FakeBlog


def test_both_generators_agree_on_what_a_slow_server_is(blog: FakeBlog, tmp_path: Path) -> None:
    target = parse_target(blog.url, host_header="blog.titanium.example")
    blog.delay_s = 0.08
    ours = run_load(
        LoadPlan(target=target, rate_rps=50.0, duration_s=3.0, warmup_s=0.0), tmp_path / "ours", run_id="test"
    )
    theirs = run_k6(target, tmp_path / "theirs", rate_rps=50.0, duration_s=3.0, warmup_s=1.0)

    assert theirs.requests + theirs.dropped == pytest.approx(150, abs=2)
    assert theirs.failed == 0
    assert 80 <= theirs.p50_ms <= theirs.p95_ms <= theirs.p99_ms <= theirs.max_ms
    assert theirs.p95_ms == pytest.approx(ours.latency_ms.p95, abs=20)
    assert blog.hosts == {"blog.titanium.example"}
    assert theirs.generator.startswith("k6 1.")


def test_the_referee_counts_failures_and_leaves_the_warm_up_out(blog: FakeBlog, tmp_path: Path) -> None:
    failures = 0

    def refuse(number: int, _request: web.Request) -> web.StreamResponse | None:
        nonlocal failures
        # The first 60 are the set-up and the warm-up.
        if number > 60 and number % 5 == 0:
            failures += 1
            return web.Response(status=503)
        return None

    blog.before = refuse
    theirs = run_k6(parse_target(blog.url), tmp_path, rate_rps=50.0, duration_s=2.0, warmup_s=1.0)
    # On a busy machine k6 itself may drop one or the other, and says so.
    assert theirs.requests + theirs.dropped == pytest.approx(100, abs=2)
    assert theirs.failed == pytest.approx(failures, abs=2)
    assert failures > 10


def test_the_paths_are_the_reading_scenarios_only(blog: FakeBlog) -> None:
    paths = reading_paths(parse_target(blog.url), count=1000)
    assert len(paths) == 1000
    opened = sum(path.startswith("/v1/posts/") for path in paths)
    # 400 of the 900 weights of reading.
    assert 380 <= opened <= 510
    assert not any(path.startswith("/v1/auth") or path.endswith("/me") for path in paths)
    assert paths == reading_paths(parse_target(blog.url), count=1000)


def test_the_referee_says_when_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="23599"):
        run_k6(parse_target("http://127.0.0.1:23599"), tmp_path, rate_rps=10.0, duration_s=1.0)


def test_the_script_that_ran_stays_as_evidence(blog: FakeBlog, tmp_path: Path) -> None:
    run_k6(parse_target(blog.url), tmp_path, rate_rps=20.0, duration_s=1.0)
    assert "constant-arrival-rate" in (tmp_path / "script.js").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["rate_per_10s"] == 200
