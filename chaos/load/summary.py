"""From raw samples to a `LoadResult`: exact percentiles, counts, and the samples as CSV.

Contract: pure arithmetic over a `Recording`. A percentile is an order statistic by nearest rank: the smallest sample
that at least p % of all samples do not exceed. It is therefore always a latency that some request really had, never
an interpolation (k6 interpolates: on 6 000 samples the difference is below the distance of two neighbouring samples).
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections import Counter
from typing import TYPE_CHECKING

from chaos.load.errors import NothingMeasuredError
from chaos.load.result import (
    SAMPLES_COLUMNS,
    SAMPLES_FILE,
    Generator,
    LagSummary,
    LatencySummary,
    LoadResult,
    ScenarioSummary,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chaos.load.plan import LoadPlan
    from chaos.load.recording import Recording


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile (0 < percent <= 100) of values that are already sorted ascending."""
    if not ordered:
        raise ValueError("a percentile of nothing is undefined")
    if not 0 < percent <= 100:  # noqa: PLR2004  per cent
        raise ValueError(f"percentile {percent}: expected more than 0 and at most 100")
    # 99 % of 100 is computed as 99.00000000000001 by floats for some pairs: the correction keeps the rank exact.
    rank = math.ceil(percent * len(ordered) / 100 - 1e-9)
    return ordered[max(rank, 1) - 1]


def latency_summary(latencies_ms: Sequence[float]) -> LatencySummary:
    """Summarise latencies in milliseconds; at least one."""
    ordered = sorted(latencies_ms)
    p50, p90, p95, p99 = (percentile(ordered, percent) for percent in (50, 90, 95, 99))
    return LatencySummary(mean=math.fsum(ordered) / len(ordered), p50=p50, p90=p90, p95=p95, p99=p99, max=ordered[-1])


def lag_summary(lags_ms: Sequence[float]) -> LagSummary:
    """Summarise dispatcher lags in milliseconds; at least one."""
    ordered = sorted(lags_ms)
    return LagSummary(p50=percentile(ordered, 50), p99=percentile(ordered, 99), max=ordered[-1])


def summarise(
    recording: Recording, plan: LoadPlan, *, run_id: str, start_epoch_s: float, generator: Generator
) -> LoadResult:
    """Return the result of a run whose schedule started at `start_epoch_s`; `NothingMeasuredError` without a sample."""
    if not recording.started:
        raise NothingMeasuredError(
            f"no request of the measured window was sent ({recording.dropped} dropped)",
            interrupted=recording.interrupted,
        )
    failures = _failures(recording)
    failed = sum(failures.values())
    ended_s = min(plan.total_s, recording.ended_offset_s) if recording.interrupted else plan.total_s
    return LoadResult(
        run_id=run_id,
        target=plan.target.url,
        arrival=plan.arrivals,
        rate_rps=plan.rate_rps,
        duration_s=plan.duration_s,
        warmup_s=plan.warmup_s,
        started_at=start_epoch_s + plan.warmup_s,
        ended_at=start_epoch_s + max(ended_s, plan.warmup_s),
        offered=recording.offered,
        started=recording.started,
        completed=recording.started - failed,
        failed=failed,
        dropped=recording.dropped,
        failures=failures,
        lag_ms=lag_summary(recording.lag_ms),
        latency_ms=latency_summary(recording.latency_ms),
        by_scenario=_by_scenario(recording),
        samples_file=SAMPLES_FILE,
        generator=generator,
        seed=plan.seed,
        workers=plan.workers,
        interrupted=recording.interrupted,
    )


def _failures(recording: Recording) -> dict[str, int]:
    counts = Counter(number for number in recording.reason if number)
    return {recording.reasons.names[number]: count for number, count in counts.most_common()}


def _by_scenario(recording: Recording) -> dict[str, ScenarioSummary]:
    latencies: dict[int, list[float]] = {}
    failed: Counter[int] = Counter()
    for scenario, latency_ms, reason in zip(recording.scenario, recording.latency_ms, recording.reason, strict=True):
        latencies.setdefault(scenario, []).append(latency_ms)
        failed[scenario] += reason != 0
    return {
        recording.scenarios.names[scenario]: ScenarioSummary(
            started=len(values),
            completed=len(values) - failed[scenario],
            failed=failed[scenario],
            latency_ms=latency_summary(values),
        )
        for scenario, values in sorted(latencies.items(), key=lambda item: -len(item[1]))
    }


def write_samples(recording: Recording, path: Path, *, start_epoch_s: float) -> None:
    """Write every sample as gzipped CSV (columns: `SAMPLES_COLUMNS`), ordered by intended start."""
    order = sorted(range(recording.started), key=recording.intended_s.__getitem__)
    with gzip.open(path, "wb", compresslevel=6) as packed, io.TextIOWrapper(packed, "utf-8", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(SAMPLES_COLUMNS)
        for i in order:
            reason = recording.reasons.names[recording.reason[i]]
            rows.writerow(
                (
                    f"{start_epoch_s + recording.intended_s[i]:.6f}",
                    f"{recording.latency_ms[i]:.6f}",
                    recording.scenarios.names[recording.scenario[i]],
                    0 if reason else 1,
                    reason,
                )
            )
