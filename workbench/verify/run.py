"""The order of a verification, with every action injected: read it as its specification.

Each run is judged by itself, each further look more strictly (`workbench.domain.confidence`): while only the number of
requests or a busy moment of the generator is in the way, the run is made again, twice as long. The counter-check then
breaks the platform on purpose: a gate that does not notice that proves nothing with its PASS.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from workbench.domain.verdict import Verdict
from workbench.errors import CannotDecideError
from workbench.gate.run import GateRun
from workbench.verify.plan import CHECK_WARMUP_S, VerifyPlan

Step = Callable[[str], AbstractContextManager[object]]


class Actions(Protocol):
    """What a verification does to the world."""

    def up(self) -> None:
        """Bring the platform up, with its demo data."""
        ...

    def measure(self, name: str, *, look: int, duration_s: float, warmup_s: float) -> GateRun:
        """Put the load on, judge it as the look of this number, and keep the evidence under that name."""
        ...

    def inject(self) -> None:
        """Put the fault in force in every proxy."""
        ...

    def injected(self) -> int:
        """Return how many requests the proxies have delayed so far."""
        ...

    def heal(self) -> None:
        """Take every fault out of force."""
        ...

    def down(self) -> None:
        """End what `up` started."""
        ...


@dataclass
class Outcome:
    """What came of it: the verdict on the platform, and why it cannot be trusted, if it cannot."""

    run: GateRun
    check: GateRun | None = None
    recovery: GateRun | None = None
    doubts: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """A breach stays one; a PASS that the counter-check does not bear out is none."""
        if self.doubts and self.run.judgement.verdict is Verdict.PASS:
            return Verdict.INCONCLUSIVE
        return self.run.judgement.verdict


def verify(plan: VerifyPlan, actions: Actions, step: Step) -> Outcome:
    """Verify; whatever happens, no fault stays in force and `down` is called.

    Raises:
        TitaniumError: a step could not be done.
        KeyboardInterrupt: somebody pressed Ctrl-C; everything is cleaned up.
    """
    try:
        actions.up()
        outcome = Outcome(_measure(actions, "run", plan.durations(plan.duration_s), plan.warmup_s))
        if outcome.run.judgement.verdict is Verdict.PASS:
            _counter_check(plan, actions, outcome, step)
        return outcome
    finally:
        actions.down()


def _measure(actions: Actions, name: str, lengths: Sequence[float], warmup_s: float) -> GateRun:
    """Measure, again and longer while another run may decide."""
    result = actions.measure(name, look=1, duration_s=lengths[0], warmup_s=warmup_s)
    for look, length in enumerate(lengths[1:], start=2):
        if not result.judgement.another_run_may_decide:
            break
        result = actions.measure(f"{name}-{length:.0f}s", look=look, duration_s=length, warmup_s=warmup_s)
    return result


def _counter_check(plan: VerifyPlan, actions: Actions, outcome: Outcome, step: Step) -> None:
    before = actions.injected()
    try:
        with step("counter-check: delay part of blog's requests"):
            actions.inject()
        outcome.check = _measure(actions, "counter-check", plan.durations(plan.check_s), CHECK_WARMUP_S)
        delayed = actions.injected() - before
    finally:
        with step("take the delay away"):
            actions.heal()
    if delayed <= 0:
        raise CannotDecideError("the counter-check's delay was not injected: no proxy counted a delayed request")
    if outcome.check.judgement.verdict is not Verdict.FAIL:
        outcome.doubts.append(
            f"{delayed} requests were delayed on purpose, the verdict was {outcome.check.judgement.verdict}, not FAIL"
        )
    outcome.recovery = _measure(actions, "recovery", plan.durations(plan.check_s), CHECK_WARMUP_S)
    if outcome.recovery.judgement.verdict is not Verdict.PASS:
        outcome.doubts.append(
            f"without the delay the verdict was {outcome.recovery.judgement.verdict}, not PASS: no recovery"
        )
