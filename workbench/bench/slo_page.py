"""Render the benchmark of SLO rules as Markdown.

Contract: `render` is a pure function of the figures; the page has a place for it between `MARKERS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.bench import slo_compile
from workbench.bench.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.bench.slo_compile import CompilerFigures
    from workbench.bench.slo_figures import SloBench
    from workbench.bench.slo_prometheus import RuleFigures

MARKERS: Final = ("<!-- bench:slo -->", "<!-- /bench:slo -->")
_STEPS: Final = {
    slo_compile.START: "start Python, import the compiler",
    slo_compile.READ: "… and read and resolve the files",
    slo_compile.RULES: "… and write all rules",
    slo_compile.EVERYTHING: "… and derive everything else",
}


def render(bench: SloBench) -> str:
    """Return setting, compiler and rules."""
    plan = bench.plan
    compiler = f"### Compiler: {plan.files} SLO files\n\n"
    rules = f"### Rules: {plan.slos} SLOs in Prometheus\n\n"
    sections = [_setting(bench), compiler + _compiler(bench.compiler), rules + _rules(bench.rules)]
    if missed := [f"{one.shape}: {one.missed}" for one in bench.rules if one.missed]:
        sections.append(f"Evaluations that Prometheus left out, being late: {', '.join(missed)}.")
    return "\n\n".join(sections)


def _setting(bench: SloBench) -> str:
    setting, plan = bench.setting, bench.plan
    versions = ", ".join(sorted({one.prometheus for one in bench.rules}))
    note = "\n\n**A quick run: too short for figures to quote.**" if plan.quick else ""
    return (
        f"Measured {setting.measured_at} at revision `{setting.revision}` on {setting.machine}, {setting.cpus} CPUs, "
        f"{setting.memory_gib:.0f} GiB, {setting.system}. Python {setting.python}, Prometheus {versions}: "
        f"{plan.evaluations} evaluations, one every {plan.interval_s} s.{note}"
    )


def _compiler(figures: Iterable[CompilerFigures]) -> str:
    rows = [
        [_STEPS[one.step], f"{one.seconds:.2f}", f"{one.artefacts}", f"{one.lines}", f"{one.peak_mib:.0f}"]
        for one in figures
    ]
    return table(["seconds since the process was started", "s", "files", "lines", "peak MiB"], rows, figures_from=1)


def _rules(figures: Iterable[RuleFigures]) -> str:
    rows = [
        [
            one.shape,
            f"{one.rules_per_slo:g}",
            f"{one.series_per_slo:g}",
            f"{one.evaluation_s * 1000:.0f}",
            f"{one.evaluation_s * 1e6 / one.rules:.0f}",
        ]
        for one in figures
    ]
    head = ["", "rules per SLO", "series recorded per SLO", "evaluating all once, ms", "µs per rule"]
    return table(head, rows, figures_from=1)
