"""How a load run looks while it goes and when it is over.

Contract: on a terminal one line that renews itself, elsewhere (CI) one plain line every five seconds; the summary is a
table on both. Nothing here judges a figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table
from rich.text import Text

from workbench.published import textfiles

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from rich.console import Console

    from chaos.load.fleet import Progress
    from chaos.load.plan import LoadPlan
    from chaos.load.result import LatencySummary, LoadResult

PLAIN_INTERVAL_S = 5.0


def progress_line(plan: LoadPlan, progress: Progress) -> str:
    """Return one line about the moment: phase, seconds, counts, and the P95 of the last second."""
    warm = progress.elapsed_s < plan.warmup_s
    phase = "warm-up" if warm else "measuring" if progress.elapsed_s < plan.total_s else "draining"
    p95 = "" if progress.recent_p95_ms is None else f", P95 now {progress.recent_p95_ms:.1f} ms"
    return (
        f"{phase} {min(progress.elapsed_s, plan.total_s):.0f}/{plan.total_s:g} s: {progress.started} started, "
        f"{progress.failed} failed, {progress.dropped} dropped, {progress.in_flight} in flight{p95}"
    )


class LoadProgress:
    """Call it with each `Progress`; a context manager, so that the terminal is left in order.

    The dashboards see the same figures: they are published as text files in the folder `published`.
    """

    def __init__(self, plan: LoadPlan, console: Console, published: Path) -> None:
        self._plan = plan
        self._published = published
        self._console = console
        self._live = Live(Text("starting the generator ..."), console=console, transient=True)
        self._next_plain_s = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        textfiles.load_ended(self._published)

    def __call__(self, progress: Progress) -> None:
        textfiles.load(self._published, self._plan, progress)
        line = progress_line(self._plan, progress)
        if self._console.is_terminal:
            self._live.update(Text(line))
        elif progress.elapsed_s >= self._next_plain_s:
            self._next_plain_s = progress.elapsed_s + PLAIN_INTERVAL_S
            self._console.print(line, soft_wrap=True)


def print_summary(result: LoadResult, console: Console) -> None:
    """Print the counts, the latencies by scenario, and why requests failed."""
    state = " (interrupted)" if result.interrupted else ""
    console.print(
        f"{result.measured_s:.1f} s measured{state}: {result.offered} offered, {result.started} started, "
        f"{result.completed} completed, {result.failed} failed, {result.dropped} dropped; "
        f"dispatcher lag P50 {result.lag_ms.p50:.2f}, P99 {result.lag_ms.p99:.2f}, max {result.lag_ms.max:.1f} ms",
        soft_wrap=True,
    )
    console.print(_latency_table(result))
    for reason, count in result.failures.items():
        console.print(f"  {count} x {reason}", soft_wrap=True)


def _latency_table(result: LoadResult) -> Table:
    table = Table("scenario", title="latency from the intended start, ms", title_justify="left")
    for heading in ("started", "failed", "P50", "P90", "P95", "P99", "max"):
        table.add_column(heading, justify="right")
    for name, scenario in result.by_scenario.items():
        table.add_row(name, *_cells(scenario.started, scenario.failed, scenario.latency_ms))
    table.add_section()
    table.add_row("all", *_cells(result.started, result.failed, result.latency_ms), style="bold")
    return table


def _cells(started: int, failed: int, latency: LatencySummary) -> list[str]:
    percentiles = (latency.p50, latency.p90, latency.p95, latency.p99, latency.max)
    return [str(started), str(failed), *(f"{value:.1f}" for value in percentiles)]
