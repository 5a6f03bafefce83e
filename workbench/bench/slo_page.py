"""Render the benchmark of SLO rules as Markdown and put it between its markers of the documentation page.

Contract: `render` is a pure function of the figures. `insert` replaces what stands between `<!-- bench:slo -->` and
`<!-- /bench:slo -->` and nothing else; a page without exactly one pair of markers is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from workbench.bench import slo_compile
from workbench.bench.page import PageError

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


def insert(page: str, text: str) -> str:
    """Return the page with `text` between the markers.

    Raises:
        PageError: there is not exactly one place for it.
    """
    first, last = (re.escape(marker) for marker in MARKERS)
    body = f"{MARKERS[0]}\n{text}\n{MARKERS[1]}"
    replaced, count = re.subn(rf"{first}\n.*?{last}", lambda _: body, page, flags=re.DOTALL)
    if count != 1:
        raise PageError(f"the page has {count} places between {MARKERS[0]} and {MARKERS[1]}, expected one")
    return replaced


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
    return _table(["seconds since the process was started", "s", "files", "lines", "peak MiB"], rows)


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
    return _table(head, rows)


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table with its figures aligned to the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])
