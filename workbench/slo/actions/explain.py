"""`titanium slo explain [PATH…]`: every generated rule as a sentence, with the arithmetic.

Contract: exit 0; 2 when a file is wrong or an objective is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from slo.explain import explain
from workbench.console import out
from workbench.errors import EXIT_PASS
from workbench.slo.paths import add_paths, add_slo, objectives

if TYPE_CHECKING:
    import argparse

NAME = "explain"
HELP = "say what each rule means, costs, and when it would fire"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_paths(parser)
    add_slo(parser)
    parser.add_argument("--rule", metavar="NAME", help="only this record or alert")


def run(args: argparse.Namespace) -> int:
    """Print the sentences."""
    for objective in objectives(args.paths, args.slo):
        out.print(
            f"[bold]{escape(objective.name)}[/]: {escape(objective.display_name)} "
            f"({objective.share:%} over {objective.period.text}, from {escape(objective.file)}:{objective.line})"
        )
        for one in explain(objective):
            if args.rule in (None, one.rule.record, one.rule.alert):
                out.print(f"\n  [bold]{escape(one.title)}[/]\n  {escape(one.sentence)}")
                out.print("\n".join(f"    {escape(line)}" for line in one.rule.expr.splitlines()))
        out.print()
    return EXIT_PASS
