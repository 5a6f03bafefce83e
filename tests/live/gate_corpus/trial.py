"""Judge every build as `titanium verify` does: again and longer, while another run may decide.

All builds are judged look by look, because a Prometheus holds what has happened: each look has one of its own, with the
runs of those builds that are still open in time slots side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slo.criterion import Criterion, release_criteria
from tests.live.gate_corpus.builds import BAD, BUILDS, GOOD, Build
from tests.live.gate_corpus.feed import PastPrometheus, Simulated, prometheus_with
from tests.live.gate_corpus.world import Run, scraped, simulate, write_load
from workbench.domain.gate import Judgement
from workbench.domain.verdict import Verdict
from workbench.gate.run import run_gate
from workbench.platform.instance import CHECKOUT
from workbench.verify.plan import VerifyPlan

LENGTHS_S: Final = VerifyPlan().durations(VerifyPlan().duration_s)
# The time in which everything happens (1 January 2026, UTC), and how much of it each run gets.
_EPOCH: Final = 1_767_225_600.0
_SLOT_S: Final = 600.0
_SHOWN: Final = 3


@dataclass(frozen=True)
class Outcome:
    """What came of a build, after so many looks."""

    name: str
    family: str
    expected: str
    judgement: Judgement
    looks: int

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def right(self) -> bool:
        """A good build passes; a bad one is a breach, or is not decided."""
        passed = self.verdict is Verdict.PASS
        return {BAD: not passed, GOOD: passed}[self.expected]

    @property
    def why(self) -> str:
        """Say what decided, or what did not let it be decided."""
        doubts = [one.name for one in self.judgement.preconditions if not one.holds]
        if doubts:
            more = f"; and {len(doubts) - _SHOWN} more" if len(doubts) > _SHOWN else ""
            return "not so: " + "; ".join(doubts[:_SHOWN]) + more
        short = {Verdict.FAIL: "missed", Verdict.INCONCLUSIVE: "open"}
        slos = self.judgement.slos
        return "; ".join(f"{one.counts.criterion.name} {short[one.verdict]}" for one in slos if one.verdict in short)


def judge_all(folder: Path, builds: Sequence[Build] = BUILDS) -> dict[str, Outcome]:
    """Return what comes of each build, by name."""
    criteria = release_criteria([CHECKOUT / "slo" / "objectives"])
    outcomes: dict[str, Outcome] = {}
    open_builds = list(builds)
    for look, length in enumerate(LENGTHS_S, start=1):
        runs = [
            simulate(build, look=look, duration_s=length, began=_EPOCH + number * _SLOT_S)
            for number, build in enumerate(open_builds)
        ]
        with prometheus_with([scraped(run) for run in runs], folder / f"look-{look}") as url:
            found = [
                _judge(run, look, url, folder / f"look-{look}" / "loads" / str(n), criteria)
                for n, run in enumerate(runs)
            ]
        outcomes |= {one.name: one for one in found}
        open_builds = [run.build for run, one in zip(runs, found, strict=True) if one.judgement.another_run_may_decide]
    return outcomes


def _judge(run: Run, look: int, url: str, folder: Path, criteria: Sequence[Criterion]) -> Outcome:
    present = Simulated(run.measured)
    prometheus = PastPrometheus(url, present)
    judged = run_gate(criteria, write_load(run, folder), prometheus, look=look, clock=present.now, sleep=lambda _: None)
    return Outcome(run.build.name, run.build.family, run.build.expected, judged.judgement, look)
