"""The order of a verification, with an acted world: what it does, in which order, and what it concludes."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from workbench.domain.verdict import Verdict
from workbench.errors import CannotDecideError, UsageError
from workbench.gate.run import GateRun
from workbench.verify.plan import VerifyPlan
from workbench.verify.run import Outcome, verify

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def gate_run(verdict: Verdict, *, extendable: bool = False) -> GateRun:
    judgement = SimpleNamespace(verdict=verdict, another_run_may_decide=extendable)
    return cast("GateRun", SimpleNamespace(judgement=judgement))


class Acted:
    """A world that does what it is told and notes it."""

    def __init__(self, *runs: GateRun | BaseException, injects: int = 100) -> None:
        self._runs = iter(runs)
        self._injects = injects
        self._faulty = False
        self.log: list[str] = []
        self.looks: list[int] = []

    def up(self) -> None:
        self.log.append("up")

    def measure(self, name: str, *, look: int, duration_s: float, warmup_s: float) -> GateRun:
        del warmup_s
        self.looks.append(look)
        self.log.append(f"{name} {duration_s:g}")
        run = next(self._runs)
        if isinstance(run, BaseException):
            raise run
        return run

    def inject(self) -> None:
        self._faulty = True
        self.log.append("inject")

    def injected(self) -> int:
        return self._injects if self._faulty else 0

    def heal(self) -> None:
        self.log.append("heal")

    def down(self) -> None:
        self.log.append("down")


@contextmanager
def step(_title: str) -> Iterator[None]:
    yield


def run(world: Acted, **plan: float) -> Outcome:
    return verify(VerifyPlan(**plan), world, step)


def test_a_platform_that_holds_is_broken_on_purpose_and_recovers() -> None:
    world = Acted(gate_run(PASS), gate_run(FAIL), gate_run(PASS))

    assert run(world).verdict is PASS
    assert world.log == ["up", "run 60", "inject", "counter-check 20", "heal", "recovery 20", "down"]


def test_a_breach_needs_no_counter_check() -> None:
    world = Acted(gate_run(FAIL))

    assert run(world).verdict is FAIL
    assert world.log == ["up", "run 60", "down"]


def test_a_run_with_too_few_requests_is_made_again_twice_as_long() -> None:
    world = Acted(gate_run(INCONCLUSIVE, extendable=True), gate_run(PASS), gate_run(FAIL), gate_run(PASS))

    assert run(world).verdict is PASS
    assert world.log[1:3] == ["run 60", "run-120s 120"]


def test_runs_are_extended_up_to_the_limit_and_no_further() -> None:
    world = Acted(*[gate_run(INCONCLUSIVE, extendable=True)] * 3)

    assert run(world, limit_s=200.0).verdict is INCONCLUSIVE
    assert world.log == ["up", "run 60", "run-120s 120", "run-200s 200", "down"]
    assert world.looks == [1, 2, 3], "each further look is judged more strictly"


def test_a_run_that_cannot_be_trusted_is_not_made_again() -> None:
    world = Acted(gate_run(INCONCLUSIVE))

    assert run(world).verdict is INCONCLUSIVE
    assert world.log == ["up", "run 60", "down"]


def test_a_gate_that_misses_the_injected_delay_cannot_pass_anything() -> None:
    outcome = run(Acted(gate_run(PASS), gate_run(PASS), gate_run(PASS)))

    assert outcome.verdict is INCONCLUSIVE
    assert outcome.doubts == ["100 requests were delayed on purpose, the verdict was PASS, not FAIL"]


def test_a_counter_check_that_a_busy_machine_has_spoilt_is_made_again() -> None:
    spoilt = gate_run(INCONCLUSIVE, extendable=True)
    world = Acted(gate_run(PASS), spoilt, gate_run(FAIL), spoilt, gate_run(PASS))

    assert run(world).verdict is PASS
    assert world.log[2:] == [
        *("inject", "counter-check 20", "counter-check-40s 40", "heal"),
        *("recovery 20", "recovery-40s 40", "down"),
    ]


def test_a_platform_that_does_not_recover_is_not_passed() -> None:
    outcome = run(Acted(gate_run(PASS), gate_run(FAIL), gate_run(FAIL)))

    assert outcome.verdict is INCONCLUSIVE
    assert "no recovery" in outcome.doubts[0]


def test_a_fault_that_no_proxy_injected_proves_nothing() -> None:
    world = Acted(gate_run(PASS), gate_run(FAIL), injects=0)

    with pytest.raises(CannotDecideError, match="was not injected"):
        run(world)
    assert world.log[-2:] == ["heal", "down"]


@pytest.mark.parametrize("interrupted_at", [0, 1, 2])
def test_ctrl_c_at_any_moment_heals_and_takes_down(interrupted_at: int) -> None:
    runs: list[GateRun | BaseException] = [gate_run(PASS), gate_run(FAIL), gate_run(PASS)]
    runs[interrupted_at] = KeyboardInterrupt()
    world = Acted(*runs)

    with pytest.raises(KeyboardInterrupt):
        run(world)
    assert world.log[-1] == "down"
    assert world.log.count("heal") == world.log.count("inject")


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--rate 0", {"rate_rps": 0.0}),
        ("--duration -1", {"duration_s": -1.0}),
        ("--warmup -1", {"warmup_s": -1.0}),
        ("--check 0", {"check_s": 0.0}),
        ("--limit 10", {"limit_s": 10.0}),
        ("--rate nan", {"rate_rps": float("nan")}),
        ("--rate 200000", {"rate_rps": 2e5}),
        ("--warmup nan", {"warmup_s": float("nan")}),
        ("--warmup inf", {"warmup_s": float("inf")}),
        ("--duration inf", {"duration_s": float("inf"), "limit_s": float("inf")}),
        ("--limit nan", {"limit_s": float("nan")}),
    ],
)
def test_a_plan_that_makes_no_sense_names_the_option_and_its_value(option: str, values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=option):
        VerifyPlan(**values)
