"""The generator against a server that stalls, lies, hangs up and vanishes: nothing may be lost from the figures."""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from aiohttp import web

from chaos.load.errors import UnreachableError
from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.result import LoadResult
from chaos.load.summary import percentile
from chaos.load.target import parse_target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.load.conftest import FakeBlog


def a_run(blog: FakeBlog, folder: Path, **changes: Any) -> LoadResult:  # noqa: ANN401  the plan's own fields
    options: dict[str, Any] = {"rate_rps": 50.0, "duration_s": 3.0, "warmup_s": 0.5, **changes}
    return run_load(LoadPlan(target=parse_target(blog.url), **options), folder, run_id="test")


def samples(folder: Path) -> list[dict[str, str]]:
    with gzip.open(folder / "samples.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_one_waiting_user_sees_it(rows: list[dict[str, str]]) -> list[float]:
    """Closed-loop arithmetic: who waits for an answer sends nothing meanwhile, so most of a stall is never sampled."""
    free_at, seen = 0.0, []
    for row in rows:
        start, latency_ms = float(row["intended_start"]), float(row["latency_ms"])
        if start >= free_at:
            seen.append(latency_ms)
            free_at = start + latency_ms / 1000
    return sorted(seen)


def test_one_stall_shows_in_p95_as_arithmetic_says(blog: FakeBlog, tmp_path: Path) -> None:
    # 100 requests a second for 10 s, frozen for 3 s: 300 of 1000 requests wait, the one due x s into the stall for
    # 3 - x s. 5 % of all are 50 requests, which is the first half second of the stall: P95 = 3 - 0.5 = 2.5 s (plus
    # what the server needs to work off the queue).
    stall_s, rate, duration_s = 3.0, 100.0, 10.0
    expected_ms = 1000 * (stall_s - 0.05 * duration_s)

    def freeze(number: int, _request: web.Request) -> None:
        if number == 500:
            time.sleep(stall_s)

    blog.before = freeze
    result = a_run(blog, tmp_path, rate_rps=rate, duration_s=duration_s)

    assert (result.offered, result.dropped, result.failed) == (1000, 0, 0)
    assert expected_ms - 50 <= result.latency_ms.p95 <= expected_ms + 450
    assert result.latency_ms.p50 < 200
    assert percentile(as_one_waiting_user_sees_it(samples(tmp_path)), 95) < 100, "closed loop: a false pass"


def test_a_stall_at_the_very_end_is_waited_for(blog: FakeBlog, tmp_path: Path) -> None:
    def freeze(number: int, _request: web.Request) -> None:
        if number == 160:  # some 12 requests of the set-up, 25 of the warm-up, 150 measured
            time.sleep(1.5)

    blog.before = freeze
    result = a_run(blog, tmp_path)

    assert (result.offered, result.completed) == (150, 150)
    assert result.latency_ms.max > 1000


def test_a_timeout_is_a_failure_with_the_latency_it_cost(blog: FakeBlog, tmp_path: Path) -> None:
    def freeze(number: int, _request: web.Request) -> None:
        if number == 100:
            time.sleep(1.5)

    blog.before = freeze
    result = a_run(blog, tmp_path, timeout_s=0.5)

    # Whoever is due in the first second of the stall runs out of time: 50 requests, give or take the edges.
    assert 40 <= result.failures["timeout"] <= 60
    late = [float(row["latency_ms"]) for row in samples(tmp_path) if row["reason"] == "timeout"]
    assert len(late) == result.failures["timeout"]
    assert min(late) >= 499
    assert max(late) < 1500


def test_an_exhausted_pool_drops_and_counts_and_delays_nobody(blog: FakeBlog, tmp_path: Path) -> None:
    def freeze(number: int, _request: web.Request) -> None:
        if number == 100:
            time.sleep(1.0)

    blog.before = freeze
    result = a_run(blog, tmp_path, max_in_flight=5)

    # 50 are due during the stall, five of them find room.
    assert 35 <= result.dropped <= 50
    assert result.offered == 150
    assert result.started == len(samples(tmp_path)) == 150 - result.dropped
    assert result.lag_ms.max < 500, "a dropped request must not hold up the schedule"


def test_a_wrong_body_is_a_failure_however_good_the_status(blog: FakeBlog, tmp_path: Path) -> None:
    lies: Counter[str] = Counter()

    def lie(number: int, request: web.Request) -> web.StreamResponse | None:
        if number < 50 or number % 7:
            return None
        if request.path.startswith("/v1/posts/post-") and request.method == "GET":
            lies["wrong body: another post than asked for"] += 1
            somebody_elses = next(iter(blog.posts.values()))
            return web.json_response({**somebody_elses, "id": "post-0"})
        if request.path == "/v1/posts" and request.method == "GET":
            lies["wrong body: the page is empty"] += 1
            return web.json_response({"items": [], "next_cursor": None})
        if request.path.startswith("/v1/users/"):
            lies["wrong body: not JSON"] += 1
            return web.Response(text="<html>welcome</html>")
        return None

    blog.before = lie
    result = a_run(blog, tmp_path)

    assert len(lies) == 3
    assert result.failures == lies
    assert result.completed == result.started - sum(lies.values())


def test_errors_and_resets_are_counted_once_and_never_repeated(blog: FakeBlog, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    def misbehave(number: int, request: web.Request) -> web.StreamResponse | None:
        if number < 50 or request.method != "GET":
            return None
        if number % 10 == 0:
            seen["503"] += 1
            return web.Response(status=503, text="busy")
        if number % 10 == 5:
            seen["reset"] += 1
            assert request.transport is not None
            request.transport.abort()
        return None

    blog.before = misbehave
    result = a_run(blog, tmp_path)

    assert result.failures.pop("HTTP 503") == seen["503"] > 0
    # A silent retry would show as fewer failures than hang-ups.
    assert sum(result.failures.values()) == seen["reset"] > 0
    assert all(reason.startswith("connection") for reason in result.failures)


@pytest.fixture
def shared_run(blog: FakeBlog, tmp_path: Path) -> tuple[FakeBlog, LoadResult, Path]:
    return blog, a_run(blog, tmp_path, workers=2, arrivals="poisson", rate_rps=60.0), tmp_path


def test_two_workers_split_the_rate_and_their_samples_are_the_summary(
    shared_run: tuple[FakeBlog, LoadResult, Path],
) -> None:
    _blog, result, folder = shared_run
    rows = samples(folder)
    latencies = sorted(float(row["latency_ms"]) for row in rows)

    assert result == LoadResult.from_json(json.loads((folder / "load.json").read_text(encoding="utf-8")))
    assert (result.failed, result.dropped, result.workers) == (0, 0, 2)
    # Poisson: 180 expected, standard deviation 13.
    assert 130 <= result.offered <= 230
    assert result.offered == len(rows)
    assert [float(row["intended_start"]) for row in rows] == sorted(float(row["intended_start"]) for row in rows)
    assert min(float(row["intended_start"]) for row in rows) >= result.started_at - 1e-3
    assert max(float(row["intended_start"]) for row in rows) < result.ended_at
    for percent, value in ((50, result.latency_ms.p50), (95, result.latency_ms.p95), (99, result.latency_ms.p99)):
        assert percentile(latencies, percent) == pytest.approx(value, abs=1e-5)
    assert Counter(row["scenario"] for row in rows) == {
        name: summary.started for name, summary in result.by_scenario.items()
    }
    assert 0 < result.lag_ms.p50 <= result.lag_ms.p99 <= result.lag_ms.max
    assert not psutil.Process().children(recursive=True), "no worker outlives the run"


def test_the_host_header_is_the_one_asked_for(blog: FakeBlog, tmp_path: Path) -> None:
    target = parse_target(blog.url, host_header="blog.titanium.example")
    run_load(LoadPlan(target=target, rate_rps=20.0, duration_s=0.5, warmup_s=0.0), tmp_path, run_id="test")
    assert blog.hosts == {"blog.titanium.example"}


def test_nobody_at_the_target_is_said_before_anything_starts(tmp_path: Path) -> None:
    plan = LoadPlan(target=parse_target("http://127.0.0.1:23599"))
    with pytest.raises(UnreachableError, match=r"nobody answers at http://127\.0\.0\.1:23599"):
        run_load(plan, tmp_path / "never", run_id="test")
    assert not (tmp_path / "never").exists()


def test_a_server_that_is_not_the_blog_is_named_with_what_it_answered(blog: FakeBlog, tmp_path: Path) -> None:
    blog.before = lambda _number, _request: web.Response(text="{}", content_type="application/json")
    with pytest.raises(UnreachableError, match=r"GET /v1/posts.*the list has no items"):
        a_run(blog, tmp_path)
    assert not (tmp_path / "load.json").exists()
