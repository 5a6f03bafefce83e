"""The last lines of a verification: what was found, and where the proof lies."""

from pathlib import Path
from typing import Final

from rich.console import Console

from workbench.domain.gate import SloJudgement
from workbench.domain.verdict import Verdict
from workbench.gate.run import GateRun
from workbench.verify.run import Outcome

_STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}


def print_outcome(console: Console, outcome: Outcome, folder: Path) -> None:
    """Print them."""
    console.print()
    for doubt in outcome.doubts:
        console.print(f"doubt: {doubt}", style="yellow")
    if outcome.check is not None and not outcome.doubts:
        console.print("counter-check: an injected delay turned the verdict to FAIL, without it the platform recovered")
    console.print(f"verdict   {outcome.verdict}", style=_STYLES[outcome.verdict])
    console.print(f"P95       {p95(outcome.run)}")
    for slo in outcome.run.judgement.slos:
        console.print(f"bad/total {bad_share(slo)}")
    console.print(f"evidence  {folder}", soft_wrap=True)


def p95(run: GateRun) -> str:
    """Return the P95 of both witnesses: exact from the client, the bucket from the mesh."""
    bucket = run.judgement.p95_bucket_ms
    mesh = f"between {bucket[0]:g} and {bucket[1]:g} ms" if bucket else "unknown"
    return f"client {run.load.latency_ms.p95:.1f} ms, mesh {mesh}"


def bad_share(slo: SloJudgement) -> str:
    """Return one objective's count with its interval."""
    interval = slo.interval
    return (
        f"{slo.bad}/{slo.total}  {slo.counts.criterion.name}: between {interval.low:.2%} and {interval.high:.2%} bad "
        f"(95 %), {slo.allowance:.2%} allowed"
    )
