"""Fakes for the benchmark's tests: a load that went well but for what is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def load_result() -> Callable[..., LoadResult]:
    """Make a result of one minute; keyword arguments say what did not go well."""
    return make_load_result


def make_load_result(
    *, rate_rps: float = 100.0, p95_ms: float = 20.0, failed: int = 0, dropped: int = 0, lag_p99_ms: float = 2.0
) -> LoadResult:
    started = int(rate_rps * 60) - dropped
    return LoadResult(
        run_id="test",
        target="http://127.0.0.1:1",
        arrival="constant",
        rate_rps=rate_rps,
        duration_s=60.0,
        warmup_s=10.0,
        started_at=1000.0,
        ended_at=1060.0,
        offered=started + dropped,
        started=started,
        completed=started - failed,
        failed=failed,
        dropped=dropped,
        failures={"status 503": failed} if failed else {},
        lag_ms=LagSummary(p50=0.5, p99=lag_p99_ms, max=lag_p99_ms),
        latency_ms=LatencySummary(mean=10.0, p50=8.0, p90=15.0, p95=p95_ms, p99=p95_ms * 2, max=p95_ms * 3),
        by_scenario={},
        samples_file="samples.csv.gz",
        generator=Generator("locust (open loop)", "2", "test"),
        seed=1,
        workers=1,
        interrupted=False,
    )
