"""Render the benchmark of the log and trace backends as Markdown.

Contract: `render` is a pure function of the figures; the page has a place for it between `MARKERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.bench.backends_runner import ANSWERING
from workbench.bench.markdown import table
from workbench.bench.page import memory_table, setting_line

if TYPE_CHECKING:
    from workbench.bench.backends_figures import BackendsBench, Edition

MARKERS: Final = ("<!-- bench:backends -->", "<!-- /bench:backends -->")


def render(bench: BackendsBench) -> str:
    """Return setting, latency, CPU and memory."""
    rounds = f"{bench.plan.rounds} rounds each: the median, and in brackets the lowest and the highest."
    return "\n\n".join(
        [
            f"{setting_line(bench.setting)} {rounds}",
            "### Latency beside the backends\n\n" + _latency(bench.editions),
            "### CPU time per request beside the backends\n\n" + _cpu(bench.editions),
            "### Memory with Loki and Jaeger\n\n" + _memory(bench.editions),
        ]
    )


def _latency(editions: list[Edition]) -> str:
    rows = [
        [
            edition.name,
            *(_with_spread(edition, percentile) for percentile in ("p50_ms", "p95_ms", "p99_ms")),
            f"{sum(one.failed for one in edition.rounds)} of {sum(one.requests for one in edition.rounds)}",
        ]
        for edition in editions
    ]
    return table(["", "P50 ms", "P95 ms", "P99 ms", "failed"], rows, figures_from=1)


def _with_spread(edition: Edition, percentile: str) -> str:
    low, high = edition.spread(percentile)
    return f"{edition.middle(percentile):.1f} ({low:.1f} to {high:.1f})"


def _cpu(editions: list[Edition]) -> str:
    figures = {edition.name: edition.cpu_ms() for edition in editions}
    groups = list(dict.fromkeys(group for one in figures.values() for group in one))
    rows = [
        [name, *(f"{one.get(group, 0.0):.2f}" for group in groups), f"{sum(one.values()):.2f}"]
        for name, one in figures.items()
    ]
    return table(["milliseconds", *groups, "sum"], rows, figures_from=1)


def _memory(editions: list[Edition]) -> str:
    return next(memory_table(edition.memory) for edition in editions if edition.name == ANSWERING)
