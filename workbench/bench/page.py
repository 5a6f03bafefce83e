"""Render the benchmark of the platform as Markdown.

Contract: `render` is a pure function of the figures; the page has a place for it between `MARKERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.bench.figures import telemetry_share
from workbench.bench.markdown import table
from workbench.bench.variants import BARE, EVERYTHING, MESH_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.bench.figures import Bench, Setting, VariantFigures
    from workbench.bench.processes import Memory

MARKERS = ("<!-- bench:platform -->", "<!-- /bench:platform -->")
NOT_MEASURED = "not measured"

# The goals of the project, on two cores with the generator on the same machine; shown, never asserted.
GOAL_P95_MS = 25.0
GOAL_HELD_RPS = 250.0
GOAL_TELEMETRY_SHARE = 0.15
GOAL_MESH_FACTOR = 2.0
GOAL_MEMORY_MIB = 1536.0


def render(bench: Bench) -> str:
    """Return the whole section: setting, goals, variants, referee, CPU, hops, memory."""
    sections = [
        setting_line(bench.setting),
        "### Goals\n\n" + table(["goal", "measured", ""], _goals(bench)),
        "### Latency and capacity\n\n" + _variants(bench),
        "### CPU time per request\n\n" + _cpu(bench),
        "### Where each millisecond goes\n\n" + _hops(bench),
        "### Memory\n\n" + memory_table(bench.memory),
    ]
    return "\n\n".join(sections)


def setting_line(setting: Setting) -> str:
    """Return where and with what it was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(setting.versions.items()))
    note = "\n\n**A quick run: too short for figures to quote.**" if setting.quick else ""
    return (
        f"Measured {setting.measured_at} at revision `{setting.revision}` on {setting.machine}, {setting.cpus} CPUs, "
        f"{setting.memory_gib:.0f} GiB, {setting.system}. Load: {setting.generator}, {setting.rate_rps:g} RPS for "
        f"{setting.duration_s:g} s after a warm-up, on the same machine. Versions: {versions}.{note}"
    )


def _goals(bench: Bench) -> list[list[str]]:
    everything, mesh, bare = (bench.variant(name) for name in (EVERYTHING.name, MESH_ONLY.name, BARE.name))
    held = everything.capacity.held_rps if everything and everything.capacity else None
    share = telemetry_share(everything, mesh) if everything and mesh else None
    factor = mesh.latency.p95_ms / bare.latency.p95_ms if mesh and bare else None
    total = sum(item.pss_mib for item in bench.memory) if bench.memory else None
    rate = f"{bench.setting.rate_rps:g} RPS"
    p95 = everything.latency.p95_ms if everything else None
    return [
        _goal(f"P95 at {rate} ≤ {GOAL_P95_MS:g} ms", p95, "{:.1f} ms", at_most=GOAL_P95_MS),
        _goal(f"≥ {GOAL_HELD_RPS:g} RPS inside the objectives", held, "{:.0f} RPS", at_least=GOAL_HELD_RPS),
        _goal("telemetry ≤ 15 % of CPU", share, "{:.1%}", at_most=GOAL_TELEMETRY_SHARE),
        _goal("mesh P95 ≤ twice bare P95", factor, "{:.1f} times", at_most=GOAL_MESH_FACTOR),
        _goal("whole stack ≤ 1.5 GiB (PSS)", total, "{:.0f} MiB", at_most=GOAL_MEMORY_MIB),
        ["seconds to up", _seconds(bench.up_s), ""],
        ["seconds to verdict", _seconds(bench.verdict_s), ""],
    ]


def _goal(
    text: str, value: float | None, form: str, *, at_most: float = float("inf"), at_least: float = 0.0
) -> list[str]:
    if value is None:
        return [text, NOT_MEASURED, ""]
    return [text, form.format(value), "met" if at_least <= value <= at_most else "**missed**"]


def _seconds(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.0f} s"


def _variants(bench: Bench) -> str:
    head = ["", "P50 ms", "P95 ms", "P99 ms", "failed", "highest rate held, RPS", "what gave in above it"]
    rows = [_variant(variant) for variant in bench.variants]
    reads, referee = bench.reads, bench.referee
    own = [f"{value:.1f}" for value in (reads.p50_ms, reads.p95_ms, reads.p99_ms)]
    other = [f"{value:.1f}" for value in (referee.p50_ms, referee.p95_ms, referee.p99_ms)]
    rows[1:1] = [
        ["its reading requests alone", *own, "", "", ""],
        [f"reading requests, by {referee.generator}", *other, f"{referee.failed} of {referee.requests}", "", ""],
    ]
    return table(head, rows, figures_from=1)


def _variant(variant: VariantFigures) -> list[str]:
    latency = variant.latency
    figures = [f"{value:.1f}" for value in (latency.p50_ms, latency.p95_ms, latency.p99_ms)]
    capacity = variant.capacity
    held = [f"{capacity.held_rps:.0f}", capacity.limit] if capacity else [NOT_MEASURED, ""]
    return [variant.name, *figures, f"{variant.failed} of {variant.requests}", *held]


def _cpu(bench: Bench) -> str:
    groups = list(dict.fromkeys(group for variant in bench.variants for group in variant.cpu_ms))
    rows = [
        [variant.name, *(f"{variant.cpu_ms.get(group, 0.0):.2f}" for group in groups), f"{variant.total_cpu_ms:.2f}"]
        for variant in bench.variants
    ]
    return table(["milliseconds", *groups, "sum"], rows, figures_from=1)


def _hops(bench: Bench) -> str:
    if not bench.hops:
        return NOT_MEASURED + "."
    total = sum(share.ms for share in bench.hops)
    rows = [[share.name, share.adds, f"{share.ms:.2f}", f"{share.ms / total:.0%}"] for share in bench.hops]
    rows.append(["sum", "mean latency of the client", f"{total:.2f}", ""])
    return table(["layer", "adds", "ms", ""], rows, figures_from=2)


def memory_table(memory: Sequence[Memory]) -> str:
    """Return memory by named process, and the sums."""
    if not memory:
        return NOT_MEASURED + "."
    rows = [[item.name, str(item.processes), f"{item.rss_mib:.0f}", f"{item.pss_mib:.0f}"] for item in memory]
    sums = [sum(item.rss_mib for item in memory), sum(item.pss_mib for item in memory)]
    processes = sum(item.processes for item in memory)
    rows.append(["sum", str(processes), *(f"{value:.0f}" for value in sums)])
    return table(["", "processes", "RSS MiB", "PSS MiB"], rows, figures_from=1)
