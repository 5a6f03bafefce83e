"""`titanium slo test [PATH…]`: prove the rules of SLO files with promtool, in the situations where rules go wrong.

Contract: exit 0 when every test passes, 1 when one fails, 2 when a file is wrong, 3 when promtool cannot be run.
What is tested is compiled now, not what lies in a folder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from slo.compiler import RULES, TESTS, compile_all
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.platform import components
from workbench.platform.instance import Instance
from workbench.slo import output
from workbench.slo.paths import add_paths, add_slo, objectives
from workbench.slo.proof import check_rules, run_tests

if TYPE_CHECKING:
    import argparse

NAME = "test"
HELP = "prove the rules with promtool: each alert fires when it must and at no other time"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_paths(parser)
    add_slo(parser)


def run(args: argparse.Namespace) -> int:
    """Compile into a scratch folder and test it."""
    wanted = objectives(args.paths, args.slo)
    promtool = components.obtain(components.PROMTOOL, Instance.from_environment().components)
    with tempfile.TemporaryDirectory(prefix="titanium-slo-") as scratch:
        folder = Path(scratch)
        output.write(compile_all(wanted, folder), folder)
        rules, tests = sorted((folder / RULES).iterdir()), sorted((folder / TESTS).iterdir())
        checked = check_rules(promtool, rules)
        if not checked.passed:
            out.print(escape(checked.said))
            return EXIT_BREACH
        failed = 0
        for number, proof in enumerate(run_tests(promtool, tests), start=1):
            out.print(
                f"  {number:>4}/{len(tests)}  {'passed' if proof.passed else '[red]FAILED[/]'}  {proof.file.stem}"
            )
            if not proof.passed:
                failed += 1
                out.print(escape(proof.said))
    out.print(f"{len(wanted)} objectives, {len(tests)} test files, {failed} failed")
    return EXIT_BREACH if failed else EXIT_PASS
