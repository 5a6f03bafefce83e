"""`titanium slo report [PATH…]`: what is left of every error budget, where it went, and when it would be gone.

Contract: exit 0 while every budget lasts, 1 when one is gone, 2 when a file or an option is wrong, 3 when Prometheus
cannot be asked or an objective has no data. `--html`, `--markdown` and `--json` write a file, `-` standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from workbench.adapters.prometheus import HttpPrometheus
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_CANNOT_DECIDE, EXIT_PASS
from workbench.platform.instance import Instance
from workbench.reports.budgets import HEADINGS, as_html, as_json, as_markdown, row
from workbench.slo.paths import add_paths, add_slo, objectives
from workbench.slo.report import Report, report

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

NAME = "report"
HELP = "what is left of every error budget, where it went, when it would be gone"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_paths(parser)
    add_slo(parser)
    parser.add_argument("--prometheus", metavar="URL", help="default: the Prometheus of this instance")
    for name in ("html", "markdown", "json"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write it as {name}; - prints it")


def run(args: argparse.Namespace) -> int:
    """Report."""
    prometheus = HttpPrometheus(args.prometheus or Instance.from_environment().prometheus_url)
    reports = [report(one, prometheus) for one in objectives(args.paths, args.slo)]
    if args.html:
        _leave(args.html, as_html(reports))
    if args.markdown:
        _leave(args.markdown, as_markdown(reports))
    if args.json:
        _leave(args.json, json.dumps(as_json(reports), indent=2) + "\n")
    if Path("-") not in (args.html, args.markdown, args.json):
        _print(reports)
    if any(one.state == "gone" for one in reports):
        return EXIT_BREACH
    return EXIT_CANNOT_DECIDE if any(one.budget is None for one in reports) else EXIT_PASS


def _leave(file: Path, text: str) -> None:
    if file == Path("-"):
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")
        out.print(f"written: {file}")


def _print(reports: Sequence[Report]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(HEADINGS[0], no_wrap=True)  # a name that is cut off cannot be pasted
    for heading in HEADINGS[1:]:
        table.add_column(heading)
    for one in reports:
        table.add_row(*row(one))
    out.print(table)
    for one in reports:
        for alert in one.firing:
            out.print(f"[red]firing[/] {one.objective.name}: {alert}")
