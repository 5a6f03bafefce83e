"""The benchmark of Loki and Jaeger: what is measured in which order, and how the page shows it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from chaos.load.fleet import Progress
from tests.unit.workbench.bench.test_page import BENCH as PLATFORM_BENCH
from workbench.bench import backends_runner
from workbench.bench.backends_figures import QUICK, BackendsPlan
from workbench.bench.backends_page import MARKERS, render
from workbench.bench.lab import group_of
from workbench.bench.markdown import insert
from workbench.bench.processes import Memory
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaos.load.result import LoadResult
    from workbench.bench.figures import Setting
    from workbench.bench.plan import BenchPlan

PLAN = BackendsPlan(QUICK.load, rounds=3, settle_s=2.0)


class Running:
    """A platform on which each load is slower than the one before."""

    def __init__(self, lab: Lab, kind: str) -> None:
        self.lab, self.kind, self.used = lab, kind, 0.0

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult:
        self.lab.done.append(self.kind)
        self.lab.asked.add((rate_rps, duration_s))
        for second in range(1, 4):
            self.used += 0.5
            on_progress(Progress(warmup_s + second, 100 * second, 0, 0, 0, None))
        return self.lab.result(p95_ms=10.0 + len(self.lab.done))

    def cpu_seconds(self) -> Mapping[str, float]:
        return {"services": self.used}

    def memory(self) -> list[Memory]:
        return [Memory(self.kind, 1, 100.0, 60.0)]

    @contextlib.contextmanager
    def silenced(self) -> Iterator[None]:
        before, self.kind = self.kind, f"{self.kind}, silent"
        yield
        self.kind = before

    def settle(self, seconds: float) -> None:
        assert not self.kind.endswith("silent")
        self.lab.settled_s += seconds


class Lab:
    def __init__(self, result: Callable[..., LoadResult]) -> None:
        self.result = result
        self.done: list[str] = []
        self.asked: set[tuple[float, float]] = set()
        self.settled_s = 0.0

    def setting(self, plan: BenchPlan) -> Setting:
        return dataclasses.replace(PLATFORM_BENCH.setting, quick=plan.quick)

    @contextlib.contextmanager
    def up(self, *, backends: bool, debug: bool) -> Iterator[Running]:
        yield Running(self, {(False, False): "neither", (True, False): "both", (True, True): "debug"}[backends, debug])


@pytest.fixture
def lab(load_result: Callable[..., LoadResult]) -> Lab:
    return Lab(load_result)


def test_rounds_with_backends_that_answer_and_that_do_not_alternate(lab: Lab) -> None:
    bench = backends_runner.run(lab, PLAN, say=lambda _: None)
    assert lab.done == ["neither"] * 3 + ["both", "both, silent"] * 3 + ["debug, silent"] * 3
    assert lab.asked == {(PLAN.load.rate_rps, PLAN.load.duration_s)}
    assert lab.settled_s == 6.0
    assert [len(edition.rounds) for edition in bench.editions] == [3, 3, 3, 3]
    assert bench.editions[1].memory[0].name == "both"
    assert bench.editions[2].memory[0].name == "both, silent"


def test_an_edition_is_the_median_of_its_rounds_with_their_spread(lab: Lab) -> None:
    edition = backends_runner.run(lab, PLAN, say=lambda _: None).editions[1]
    # Rounds 4, 6 and 8 of all.
    assert (edition.middle("p95_ms"), edition.spread("p95_ms")) == (16.0, (14.0, 18.0))
    # Half a second a hundred requests, twice, between the first and the last progress.
    assert edition.cpu_ms() == {"services": pytest.approx(5.0)}


def test_the_page_shows_latency_cpu_and_the_memory_with_both(lab: Lab) -> None:
    text = render(backends_runner.run(lab, PLAN, say=lambda _: None))
    assert "| with both | 8.0 (8.0 to 8.0) | 16.0 (14.0 to 18.0) |" in text
    assert "| both | 1 | 100 | 60 |" in text
    assert "| neither | 1" not in text
    assert "A quick run" in text


def test_the_documentation_has_a_place_for_it() -> None:
    assert "new" in insert((CHECKOUT / "docs/performance.md").read_text(encoding="utf-8"), "new", MARKERS)


def test_the_evidence_is_json_with_its_schema(lab: Lab) -> None:
    document = json.loads(json.dumps(backends_runner.run(lab, PLAN, say=lambda _: None).to_json()))
    assert document["schema"] == "titanium.bench-backends/v1"
    assert len(document["editions"][0]["rounds"]) == 3


def test_backends_are_a_group_of_their_own() -> None:
    assert {group_of(name) for name in ("loki", "jaeger", "log-shipper")} == {"Loki and Jaeger"}
