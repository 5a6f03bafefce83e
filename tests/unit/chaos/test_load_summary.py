"""From samples to figures: exact order statistics, exact merges, and a CSV that holds the same truth."""

from __future__ import annotations

import csv
import gzip
import random
from typing import TYPE_CHECKING

import pytest

from chaos.load.errors import NothingMeasuredError
from chaos.load.plan import LoadPlan
from chaos.load.recording import MAX_LABELS, OTHER, Labels, Recording
from chaos.load.result import Generator
from chaos.load.summary import latency_summary, percentile, summarise, write_samples
from chaos.load.target import Target

if TYPE_CHECKING:
    from pathlib import Path

PLAN = LoadPlan(
    target=Target(url="http://127.0.0.1:23500", host="127.0.0.1", port=23500),
    rate_rps=10.0,
    duration_s=20.0,
    warmup_s=5.0,
)
GENERATOR = Generator(name="test", version="1", machine="none")


def a_recording() -> Recording:
    recording = Recording()
    for i in range(200):
        reason = "timeout" if i % 50 == 0 else "HTTP 503" if i % 40 == 7 else ""
        scenario = "open a post" if i % 4 else "log in"
        recording.add(intended_s=5 + i / 10, latency_ms=float(i + 1), scenario=scenario, reason=reason)
        recording.lag_ms.append(i / 100)
    recording.dropped = 3
    return recording


@pytest.mark.parametrize(
    ("percent", "expected"), [(1, 1), (50, 50), (50.5, 51), (90, 90), (95, 95), (99, 99), (99.1, 100), (100, 100)]
)
def test_a_percentile_is_the_nearest_rank(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], percent) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 19, 20, 21, 999, 6000])
def test_a_percentile_is_the_smallest_sample_that_enough_do_not_exceed(size: int) -> None:
    dice = random.Random(size)  # noqa: S311  reproducible, not a secret
    ordered = sorted(dice.random() for _ in range(size))
    for percent in (50, 90, 95, 99):
        value = percentile(ordered, percent)
        assert 100 * sum(sample <= value for sample in ordered) >= percent * size
        assert 100 * sum(sample < value for sample in ordered) < percent * size


def test_a_percentile_of_nothing_is_no_number() -> None:
    with pytest.raises(ValueError, match="of nothing"):
        percentile([], 95)


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_percentile_outside_the_scale_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        percentile([1.0], percent)


def test_latencies_are_not_rounded() -> None:
    assert latency_summary([1.23456789, 2.0]).p50 == 1.23456789


def test_the_summary_counts_what_was_recorded() -> None:
    result = summarise(a_recording(), PLAN, run_id="r", start_epoch_s=1000.0, generator=GENERATOR)
    assert (result.offered, result.started, result.dropped) == (203, 200, 3)
    assert result.failures == {"HTTP 503": 5, "timeout": 4}
    assert (result.completed, result.failed) == (191, 9)
    assert (result.latency_ms.p50, result.latency_ms.p95, result.latency_ms.max) == (100.0, 190.0, 200.0)
    assert (result.started_at, result.ended_at) == (1005.0, 1025.0)
    assert result.by_scenario["log in"].started == 50
    assert sum(scenario.failed for scenario in result.by_scenario.values()) == 9
    assert result.lag_ms.p99 == pytest.approx(1.97)


def test_an_interrupted_run_ends_when_it_was_interrupted() -> None:
    recording = a_recording()
    recording.interrupted, recording.ended_offset_s = True, 12.5
    result = summarise(recording, PLAN, run_id="r", start_epoch_s=1000.0, generator=GENERATOR)
    assert result.interrupted
    assert result.measured_s == pytest.approx(7.5)


def test_a_run_without_a_request_is_no_result() -> None:
    empty = Recording()
    empty.dropped, empty.interrupted = 4, True
    with pytest.raises(NothingMeasuredError, match="4 dropped") as nothing:
        summarise(empty, PLAN, run_id="r", start_epoch_s=0.0, generator=GENERATOR)
    assert nothing.value.interrupted


def test_the_merge_of_workers_is_exact(tmp_path: Path) -> None:
    whole, halves = Recording(), [Recording(), Recording()]
    # The second worker meets scenarios and reasons in another order: numbers differ, names must not.
    for i in (*range(100, 200), *range(100)):
        for recording in (whole, halves[i // 100]):
            reason = "" if i % 3 else f"HTTP {500 + i % 4}"
            recording.add(intended_s=float(i), latency_ms=i * 1.1, scenario=f"scenario {i % 7}", reason=reason)
            recording.lag_ms.append(float(i))
    merged = Recording()
    for number, half in enumerate(reversed(halves)):
        half.dropped = 2
        half.write(tmp_path / str(number))
        merged.extend(Recording.read(tmp_path / str(number)))
    whole.dropped = 4
    summaries = [
        summarise(recording, PLAN, run_id="r", start_epoch_s=0.0, generator=GENERATOR) for recording in (whole, merged)
    ]
    assert summaries[0] == summaries[1]


def test_a_truncated_recording_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    a_recording().write(path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(EOFError):
        Recording.read(path)


def test_the_csv_holds_every_sample_in_order_of_its_intended_start(tmp_path: Path) -> None:
    recording = a_recording()
    recording.add(intended_s=5.05, latency_ms=7.0, scenario="log in")
    write_samples(recording, tmp_path / "samples.csv.gz", start_epoch_s=1000.0)
    with gzip.open(tmp_path / "samples.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 201
    assert rows[0] == {
        "intended_start": "1005.000000",
        "latency_ms": "1.000000",
        "scenario": "log in",
        "ok": "0",
        "reason": "timeout",
    }
    assert rows[1]["intended_start"] == "1005.050000"
    assert sum(row["ok"] == "0" for row in rows) == 9


def test_labels_do_not_grow_without_limit() -> None:
    labels = Labels()
    numbers = [labels.number(f"reason {i}") for i in range(1000)]
    assert len(labels.names) == MAX_LABELS + 1
    assert labels.names[numbers[-1]] == OTHER
