"""A window of users' traffic, judged from a real Prometheus that scrapes a played mesh."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from slo.resolve import load_objectives
from tests.integration.gate.test_gate_against_prometheus import (
    RATE,
    WINDOW_S,
    Played,
    RealPrometheus,
    exporting,
    pass_a_window,
    watching,
)
from workbench.adapters.prometheus import HttpPrometheus
from workbench.domain.verdict import Verdict
from workbench.gate.judge_window import Asked, WindowRun, run_window
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AVAILABILITY = load_objectives([CHECKOUT / "slo" / "objectives" / "gateway-availability.yaml"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, RealPrometheus]]:
    with exporting() as (played, port), watching(tmp_path_factory.mktemp("window"), port) as real:
        pass_a_window(real)
        yield played, real


def judged(*urls: str, seconds: int = int(WINDOW_S)) -> WindowRun:
    return run_window(AVAILABILITY, [HttpPrometheus(url) for url in urls], Asked(seconds))


def doubts(run: WindowRun) -> list[str]:
    return [one.name for one in run.judgement.preconditions if not one.holds]


def test_what_was_counted_is_what_happened_and_not_what_was_extrapolated(
    world: tuple[Played, RealPrometheus],
) -> None:
    run = judged(world[1].url)

    assert doubts(run) == []
    assert run.judgement.verdict is Verdict.PASS
    assert RATE * WINDOW_S * 0.7 <= run.judgement.slos[0].total <= RATE * WINDOW_S * 1.02


def test_two_replicas_that_saw_the_same_agree(world: tuple[Played, RealPrometheus]) -> None:
    run = judged(world[1].url, world[1].url)

    assert run.judgement.verdict is Verdict.PASS
    assert run.judgement.preconditions[-1].name == "gateway-availability: the replicas of Prometheus agree"


def test_a_replica_that_has_seen_other_traffic_spoils_the_verdict(
    world: tuple[Played, RealPrometheus], tmp_path: Path
) -> None:
    with exporting() as (other, port), watching(tmp_path, port) as real:
        other.rate = RATE / 2
        pass_a_window(real)
        run = judged(world[1].url, real.url)

    assert doubts(run) == ["gateway-availability: the replicas of Prometheus agree"]
    assert run.judgement.verdict is Verdict.INCONCLUSIVE


def test_a_restart_in_the_window_is_a_reset_and_decides_nothing(world: tuple[Played, RealPrometheus]) -> None:
    played, real = world
    played.reset_at = time.time()
    pass_a_window(real)
    try:
        run = judged(real.url, seconds=int(WINDOW_S) + 2)
    finally:
        played.reset_at = float("inf")

    assert "gateway-availability: no counter was reset" in doubts(run)
    assert run.judgement.verdict is Verdict.INCONCLUSIVE
