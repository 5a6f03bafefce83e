"""The order of a benchmark, against a laboratory without a platform."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from chaos.load.fleet import Progress
from workbench.adapters.k6 import RefereeResult
from workbench.bench.capacity import Limits
from workbench.bench.figures import Bench, Latency, Setting, telemetry_share
from workbench.bench.hops import Share
from workbench.bench.plan import FULL, QUICK, BenchPlan
from workbench.bench.processes import Memory
from workbench.bench.runner import CpuMeter, SilentTelemetryError, run
from workbench.bench.sink import LOKI_PUSH
from workbench.bench.variants import EVERYTHING, VARIANTS, Variant
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaos.load.result import LoadResult

    MakeResult = Callable[..., LoadResult]


def progress(elapsed_s: float, started: int) -> Progress:
    return Progress(elapsed_s, started, failed=0, dropped=0, in_flight=0, recent_p95_ms=None)


class FakeRunning:
    """Every request costs 4 ms of CPU with telemetry and 3 ms without."""

    def __init__(self, lab: FakeLab, variant: Variant) -> None:
        self.lab, self.variant = lab, variant
        self.seconds = 0.0

    def load(
        self, *, rate_rps: float, warmup_s: float, duration_s: float, on_progress: Callable[[Progress], None]
    ) -> LoadResult:
        self.lab.log.append(f"{self.variant.name} {rate_rps:g}")
        for elapsed in range(int(warmup_s + duration_s) + 1):
            self.seconds += rate_rps * (0.004 if self.variant.telemetry else 0.003)
            on_progress(progress(float(elapsed), int(rate_rps * elapsed)))
        return self.lab.make(rate_rps=rate_rps, p95_ms=20.0 if rate_rps <= 300 else 900.0)

    def reads(self, result: LoadResult) -> Latency:
        return Latency(1.0, 2.0, 3.0, 1.5, result.lag_ms.p99)

    def cpu_seconds(self) -> Mapping[str, float]:
        return {"services": self.seconds}

    def received(self) -> dict[str, int]:
        return dict(self.lab.received) if self.variant.telemetry else {}

    def memory(self) -> list[Memory]:
        return [Memory("blog", 1, 90.0, 80.0)]

    def referee(self, *, rate_rps: float, warmup_s: float, duration_s: float) -> RefereeResult:
        assert warmup_s > 0
        requests = int(rate_rps * duration_s)
        return RefereeResult("k6", rate_rps, duration_s, requests, 0, 0, 8.0, 15.0, 20.0, 40.0, 60.0)

    def hops(self, *, rate_rps: float, duration_s: float) -> list[Share]:
        self.lab.log.append(f"{self.variant.name} hops at {rate_rps:g} for {duration_s:g} s")
        return [Share("client", "all of it", 10.0)]


class FakeLab:
    def __init__(self, make: MakeResult) -> None:
        self.make = make
        self.log: list[str] = []
        self.received = {"/v1/traces": 3, LOKI_PUSH: 5}

    def up(self) -> float | None:
        self.log.append("up")
        return 12.0

    def setting(self, plan: BenchPlan) -> Setting:
        return Setting(
            "now", "abc", "machine", 2, 4.0, "Linux", "locust", {}, plan.rate_rps, plan.duration_s, plan.quick
        )

    def seconds_to_verdict(self) -> float | None:
        self.log.append("verify")
        return 99.0

    @contextlib.contextmanager
    def running(self, variant: Variant) -> Iterator[FakeRunning]:
        self.log.append(f"+{variant.name}")
        yield FakeRunning(self, variant)
        self.log.append(f"-{variant.name}")


@pytest.fixture
def lab(load_result: MakeResult) -> FakeLab:
    return FakeLab(load_result)


def bench(lab: FakeLab, plan: BenchPlan = FULL) -> Bench:
    return run(lab, plan, Limits("p95", 500.0, 0.005), say=lambda _: None)


def test_every_variant_is_measured_at_the_nominal_rate_and_as_far_as_it_goes(lab: FakeLab) -> None:
    result = bench(lab)
    assert [variant.name for variant in result.variants] == [variant.name for variant in VARIANTS]
    assert [variant.capacity.held_rps for variant in result.variants if variant.capacity] == [300.0] * 4


def test_the_time_to_a_verdict_is_taken_before_the_platform_is_up(lab: FakeLab) -> None:
    assert bench(lab).verdict_s == 99.0
    assert lab.log[:2] == ["verify", "up"]


def test_only_one_variant_runs_at_a_time(lab: FakeLab) -> None:
    bench(lab, QUICK)
    marks = [line for line in lab.log if line[0] in "+-"]
    assert marks == [sign + variant.name for variant in VARIANTS for sign in "+-"]


def test_a_quick_run_searches_no_capacity(lab: FakeLab) -> None:
    result = bench(lab, QUICK)
    assert [variant.capacity for variant in result.variants] == [None] * 4
    assert result.setting.quick


def test_the_share_of_telemetry_is_what_the_same_platform_saves_without_it(lab: FakeLab) -> None:
    everything, without, *_ = bench(lab, QUICK).variants
    assert everything.total_cpu_ms == pytest.approx(4.0)
    assert telemetry_share(everything, without) == pytest.approx(0.25)


def test_telemetry_that_reached_nobody_is_no_measurement_of_telemetry(lab: FakeLab) -> None:
    lab.received = {"/v1/traces": 3}
    with pytest.raises(SilentTelemetryError, match=f"{EVERYTHING.name}: nothing arrived at {LOKI_PUSH}"):
        bench(lab, QUICK)


def test_the_document_names_its_schema_and_keeps_what_was_not_measured_empty(lab: FakeLab) -> None:
    document = bench(lab, QUICK).to_json()
    assert document["schema"] == "titanium.bench/v1"
    assert document["verdict_s"] is None
    assert document["variants"][0]["capacity"] is None


def test_cpu_time_of_the_warm_up_is_not_counted() -> None:
    readings = iter([{"a": 10.0}, {"a": 11.0}, {"a": 12.0}])
    meter = CpuMeter(lambda: next(readings), warmup_s=2.0)
    for elapsed, started in ((1.0, 100), (2.0, 200), (3.0, 300), (4.0, 400)):
        meter(progress(elapsed, started))
    assert meter.per_request_ms() == {"a": pytest.approx(10.0)}


def test_one_reading_is_too_little_to_tell_cpu_time() -> None:
    meter = CpuMeter(lambda: {"a": 1.0}, warmup_s=0.0)
    meter(progress(1.0, 100))
    with pytest.raises(CannotDecideError, match="too short"):
        meter.per_request_ms()
