"""`titanium slo compile [PATH…]`: derive everything from SLO files.

Contract: exit 0 when written (with `--check`: when nothing would change), 1 when `--check` finds a difference, 2 when a
file is wrong or holds something that cannot be compiled. Either all files are written or none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slo.compiler import compile_all, compile_rules
from slo.rules.alerts import Links
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.slo import output
from workbench.slo.paths import GENERATED, add_paths, objectives

if TYPE_CHECKING:
    import argparse

NAME = "compile"
HELP = "derive rules, alerts, their tests, runbooks, load targets, hypotheses and analyses"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_paths(parser)
    parser.add_argument(
        "--out", type=Path, default=GENERATED, metavar="FOLDER", help="where to (default: slo/generated)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is not current")
    parser.add_argument("--rules-only", action="store_true", help="only the Prometheus rule files")
    links = Links()
    parser.add_argument("--runbook-url", default=links.runbook, metavar="URL", help="{slo} stands for the objective")
    parser.add_argument(
        "--dashboard-url", default=links.dashboard, metavar="URL", help="{slo} stands for the objective"
    )


def run(args: argparse.Namespace) -> int:
    """Compile."""
    wanted, links = objectives(args.paths), Links(args.runbook_url, args.dashboard_url)
    artefacts = compile_rules(wanted, links) if args.rules_only else compile_all(wanted, args.out, links)
    if args.check:
        found = output.differences(artefacts, args.out)
        for difference in found:
            out.print(f"{difference.file}: {difference.what}")
        if found:
            out.print("write them again: titanium slo compile")
        return EXIT_BREACH if found else EXIT_PASS
    files, lines = output.write(artefacts, args.out)
    out.print(f"{len(wanted)} objectives: {files} files, {lines} lines in {args.out}")
    for one in wanted:
        if not one.period.rolls:
            out.print(
                f"  {one.name}: its period begins with a calendar, where no rule can look: the budget is not recorded, "
                "titanium slo report shows it"
            )
    return EXIT_PASS
