"""`titanium load`: options become a plan or a usage error, and every ending has its exit code."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from chaos.load.errors import NothingMeasuredError, UnreachableError
from chaos.load.fleet import Progress
from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult, ScenarioSummary
from workbench.commands import load
from workbench.errors import CannotDecideError, UsageError
from workbench.platform.instance import Instance
from workbench.reports.load import LoadProgress, print_summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaos.load.plan import LoadPlan

LATENCY = LatencySummary(mean=12.0, p50=10.0, p90=20.0, p95=25.0, p99=90.0, max=120.0)


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    load.configure(parser)
    return parser.parse_args(words)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    monkeypatch.setenv("TITANIUM_PORT_BASE", "23500")
    return Instance.from_environment()


def a_result(plan: LoadPlan, run_id: str, *, interrupted: bool = False) -> LoadResult:
    return LoadResult(
        run_id=run_id,
        target=plan.target.url,
        arrival=plan.arrivals,
        rate_rps=plan.rate_rps,
        duration_s=plan.duration_s,
        warmup_s=plan.warmup_s,
        started_at=1000.0,
        ended_at=1060.0,
        offered=6010,
        started=6000,
        completed=5998,
        failed=2,
        dropped=10,
        failures={"timeout": 2},
        lag_ms=LagSummary(p50=0.1, p99=4.0, max=9.0),
        latency_ms=LATENCY,
        by_scenario={"open a post": ScenarioSummary(started=6000, completed=5998, failed=2, latency_ms=LATENCY)},
        samples_file="samples.csv.gz",
        generator=Generator(name="fake", version="1", machine="none"),
        seed=plan.seed,
        workers=plan.workers,
        interrupted=interrupted,
    )


def ends_with(
    *, interrupted: bool = False, error: Exception | None = None
) -> tuple[Callable[..., LoadResult], list[tuple[LoadPlan, Path]]]:
    """Return a fake generator and the list of what it was asked for."""
    asked: list[tuple[LoadPlan, Path]] = []

    def run_load(plan: LoadPlan, folder: Path, *, run_id: str, on_progress: Callable[[Progress], None]) -> LoadResult:
        asked.append((plan, folder))
        on_progress(Progress(elapsed_s=1.0, started=10, failed=0, dropped=0, in_flight=1, recent_p95_ms=2.0))
        if error is not None:
            raise error
        return a_result(plan, run_id, interrupted=interrupted)

    return run_load, asked


def test_the_default_target_is_the_ingress_of_the_instance_under_its_public_name(instance: Instance) -> None:
    plan = load.plan_from(parse(), instance)
    assert (plan.target.url, plan.target.host_header) == ("http://127.0.0.1:23500", "blog.titanium.example")
    assert (plan.rate_rps, plan.duration_s, plan.web_port) == (100.0, 60.0, None)


def test_another_target_keeps_its_own_host_unless_told_otherwise(instance: Instance) -> None:
    assert load.plan_from(parse("--target", "http://127.0.0.1:8000"), instance).target.host_header is None
    named = parse("--target", "http://127.0.0.1:8000", "--host-header", "shop.example")
    assert load.plan_from(named, instance).target.host_header == "shop.example"
    ingress = parse("--target", "http://127.0.0.1:23500/")
    assert load.plan_from(ingress, instance).target.host_header == "blog.titanium.example"


def test_every_option_reaches_the_plan(instance: Instance) -> None:
    words = "--rate 12.5 --duration 3 --warmup 1 --arrivals poisson --seed 9 --timeout 2 --max-in-flight 7 --web"
    plan = load.plan_from(parse(*words.split()), instance)
    assert (plan.rate_rps, plan.duration_s, plan.warmup_s, plan.arrivals, plan.seed) == (12.5, 3.0, 1.0, "poisson", 9)
    assert (plan.timeout_s, plan.max_in_flight, plan.web_port) == (2.0, 7, 23508)
    assert load.plan_from(parse("--workers", "3"), instance).workers == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--rate 0", "--rate 0"),
        ("--rate=-3", "--rate -3"),
        ("--duration=-1", "--duration -1"),
        ("--duration 0", "--duration 0"),
        ("--warmup=-1", "--warmup -1"),
        ("--rate nan", "--rate nan"),
        ("--workers 0", "--workers 0"),
        ("--workers 2 --web", "--web"),
        ("--target http://192.0.2.1", "192.0.2.1 is not this machine"),
        ("--target https://127.0.0.1", "--target 'https://127.0.0.1'"),
    ],
)
def test_nonsense_is_a_usage_error_with_option_and_value(words: str, message: str, instance: Instance) -> None:
    with pytest.raises(UsageError) as refusal:
        load.plan_from(parse(*words.split()), instance)
    assert message in str(refusal.value)
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("words", ["--rate fast", "--seed 1.5", "--arrivals never", "--duration"])
def test_a_word_where_a_number_belongs_is_exit_2_by_name(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        parse(*words.split())
    assert ending.value.code == 2
    assert words.split(maxsplit=1)[0] in capsys.readouterr().err


def test_a_foreign_target_is_allowed_when_it_is_ones_own(instance: Instance) -> None:
    plan = load.plan_from(parse("--target", "http://192.0.2.1:81", "--i-own-this-target"), instance)
    assert plan.target.url == "http://192.0.2.1:81"


@pytest.mark.parametrize(("interrupted", "code"), [(False, 0), (True, 130)])
def test_a_run_that_was_made_is_exit_0_and_an_interrupted_one_130(
    interrupted: bool,
    code: int,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake, asked = ends_with(interrupted=interrupted)
    screen = io.StringIO()
    monkeypatch.setattr(load, "run_load", fake)
    monkeypatch.setattr(load, "out", Console(file=screen, width=120))
    assert load.run(parse()) == code
    ((_plan, folder),) = asked
    assert folder.parent == instance.state / "evidence"
    printed = screen.getvalue()
    for words in ("6010 offered", "10 dropped", "2 x timeout", "open a post", "P95", "evidence:"):
        assert words in printed
    assert ("interrupted" in printed) is interrupted


def test_the_evidence_goes_where_out_says(instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, asked = ends_with()
    monkeypatch.setattr(load, "run_load", fake)
    load.run(parse("--out", str(tmp_path / "here")))
    assert asked[0][1] == tmp_path / "here"


@pytest.mark.parametrize(
    "error", [UnreachableError("nobody answers"), NothingMeasuredError("no request was sent (5 dropped)")]
)
def test_a_run_that_measured_nothing_cannot_decide(
    error: Exception, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "run_load", ends_with(error=error)[0])
    with pytest.raises(CannotDecideError) as refusal:
        load.run(parse())
    assert str(error) in str(refusal.value)
    assert refusal.value.exit_code == 3


def test_an_interruption_before_anything_was_measured_is_130_too(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, _ = ends_with(error=NothingMeasuredError("nothing", interrupted=True))
    monkeypatch.setattr(load, "run_load", fake)
    assert load.run(parse()) == 130


def test_run_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [load.new_run_id() for _ in range(50)]
    assert len(set(ids)) > 45
    assert all("-load-" in run_id for run_id in ids)


def progress(elapsed_s: float) -> Progress:
    return Progress(elapsed_s=elapsed_s, started=100, failed=1, dropped=0, in_flight=3, recent_p95_ms=12.34)


def test_without_a_terminal_progress_is_a_plain_line_every_five_seconds(instance: Instance) -> None:
    printed = io.StringIO()
    plan = load.plan_from(parse("--warmup", "4", "--duration", "10"), instance)
    with LoadProgress(plan, Console(file=printed, width=200), instance.published) as show:
        for second in range(1, 17):
            show(progress(float(second)))
    lines = printed.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "warm-up 1/14 s",
        "measuring 6/14 s",
        "measuring 11/14 s",
        "draining 14/14 s",
    ]
    assert "100 started, 1 failed, 0 dropped, 3 in flight, P95 now 12.3 ms" in lines[0]
    assert "\x1b" not in printed.getvalue()


def test_on_a_terminal_progress_is_one_line_that_leaves_no_trace(instance: Instance) -> None:
    printed = io.StringIO()
    plan = load.plan_from(parse(), instance)
    with LoadProgress(plan, Console(file=printed, width=200, force_terminal=True), instance.published) as show:
        show(progress(1.0))
    assert "\x1b" in printed.getvalue()


def test_the_summary_survives_a_terminal_that_knows_ascii_only(instance: Instance) -> None:
    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    plan = load.plan_from(parse(), instance)
    print_summary(a_result(plan, "r"), Console(file=text, width=120))
    assert b"open a post" in raw.getvalue()


def test_the_help_of_every_option_can_be_rendered() -> None:
    parser: Any = argparse.ArgumentParser()
    load.configure(parser)
    assert "--i-own-this-target" in parser.format_help()
