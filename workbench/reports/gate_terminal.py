"""A verdict at the terminal: readable in five seconds, as plain lines in a log."""

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from chaos.load.result import LoadResult
from workbench.domain.gate import Judgement, SloJudgement
from workbench.domain.outlook import more_seconds
from workbench.domain.verdict import Verdict

STYLES: Final = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}


def print_judgement(console: Console, judgement: Judgement, load: LoadResult, folder: Path) -> None:
    """Print objectives, then what keeps the figures from being trusted, then the verdict."""
    console.print(_objectives(judgement))
    for slo in judgement.slos:
        if slo.verdict is Verdict.INCONCLUSIVE and judgement.span:
            console.print(_outlook(slo, judgement), style="yellow", soft_wrap=True)
    for one in judgement.preconditions:
        if not one.holds:
            console.print(f"not met: {one.name}: {one.observed}", style="yellow", soft_wrap=True)
            console.print(f"  do: {one.remedy}", soft_wrap=True)
    held = sum(one.holds for one in judgement.preconditions)
    console.print(f"{held} of {len(judgement.preconditions)} preconditions hold")
    console.print(f"P95 {describe_p95(judgement, load)}")
    console.print(f"verdict {judgement.verdict}", style=STYLES[judgement.verdict])
    console.print(f"evidence: {folder}", soft_wrap=True)


def _outlook(slo: SloJudgement, judgement: Judgement) -> str:
    """Return how much longer the run would have to be."""
    seconds = judgement.span.seconds if judgement.span else 0.0
    rate = slo.total / seconds if seconds else 0.0
    more = more_seconds(slo.bad, slo.total, slo.allowance, z=judgement.confidence.z, rate=rate)
    if more is None:
        return f"undecided: {slo.counts.criterion.name}: the share of bad requests is too near to what is allowed"
    return f"undecided: {slo.counts.criterion.name}: needs about {max(1, round(more))} s more at this rate"


def describe_p95(judgement: Judgement, load: LoadResult) -> str:
    """Return the P95 of both witnesses: exact from the client, the bucket from the mesh."""
    bucket = judgement.p95_bucket_ms
    mesh = f"between {bucket[0]:g} and {bucket[1]:g} ms" if bucket else "unknown"
    return f"client {load.latency_ms.p95:.1f} ms, mesh {mesh}"


def _objectives(judgement: Judgement) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("objective")
    for title in ("bad", "total", f"bad share ({judgement.confidence.level:.1%} sure)", "allowed"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    for slo in judgement.slos:
        table.add_row(
            slo.counts.criterion.name,
            str(slo.bad),
            str(slo.total),
            f"{slo.interval.low:.2%} to {slo.interval.high:.2%}",
            f"{slo.allowance:.2%}",
            f"[{STYLES[slo.verdict]}]{slo.verdict}[/]",
        )
    return table
