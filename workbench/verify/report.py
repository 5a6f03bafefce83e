"""The last lines of a verification: what was found, and where the proof lies."""

from pathlib import Path

from rich.console import Console

from workbench.domain.gate import SloJudgement
from workbench.reports.gate_terminal import STYLES, describe_p95
from workbench.verify.run import Outcome


def print_outcome(console: Console, outcome: Outcome, folder: Path) -> None:
    """Print them."""
    console.print()
    for doubt in outcome.doubts:
        console.print(f"doubt: {doubt}", style="yellow")
    if outcome.check is not None and not outcome.doubts:
        console.print("counter-check: an injected delay turned the verdict to FAIL, without it the platform recovered")
    console.print(f"verdict   {outcome.verdict}", style=STYLES[outcome.verdict])
    console.print(f"P95       {describe_p95(outcome.run.judgement, outcome.run.load)}")
    for slo in outcome.run.judgement.slos:
        console.print(f"bad/total {bad_share(slo, outcome.run.judgement.confidence.level)}")
    console.print(f"evidence  {folder}", soft_wrap=True)


def bad_share(slo: SloJudgement, level: float) -> str:
    """Return one objective's count with its interval."""
    interval = slo.interval
    return (
        f"{slo.bad}/{slo.total}  {slo.counts.criterion.name}: between {interval.low:.2%} and {interval.high:.2%} bad "
        f"({level:.1%} sure), {slo.allowance:.2%} allowed"
    )
