"""`titanium slo budget NAME`: one error budget in one line, for a prompt, a chat or a script.

Contract: exit 0 while it lasts, 1 when it is gone, 2 when the objective is unknown, 3 when nothing is known about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.explain import humanly
from workbench.adapters.prometheus import HttpPrometheus
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_CANNOT_DECIDE, EXIT_PASS
from workbench.platform.instance import Instance
from workbench.slo.paths import objectives
from workbench.slo.report import report

if TYPE_CHECKING:
    import argparse

NAME = "budget"
HELP = "one error budget in one line"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="the objective")
    parser.add_argument("--prometheus", metavar="URL", help="default: the Prometheus of this instance")


def run(args: argparse.Namespace) -> int:
    """Print the line."""
    prometheus = HttpPrometheus(args.prometheus or Instance.from_environment().prometheus_url)
    (objective,) = objectives([], [args.name])
    one = report(objective, prometheus)
    if one.budget is None:
        out.print(f"{objective.name}: no data")
        return EXIT_CANNOT_DECIDE
    gone = one.budget.exhausted_in_s(objective.period.seconds)
    out.print(
        f"{objective.name}: {one.budget.remaining:.1%} of the budget of {objective.period.text} is left, "
        + ("gone" if gone == 0 else "not burning" if gone is None else f"gone in {humanly(gone)} at this rate")
    )
    return EXIT_BREACH if one.budget.remaining <= 0 else EXIT_PASS
