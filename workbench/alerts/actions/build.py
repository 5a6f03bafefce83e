"""`titanium alerts build`: write `alerts/generated`, and the table in docs/alerts.md.

Contract: exit 0 when written (with `--check`: when nothing would change), 1 when `--check` finds a difference, 2 for an
alert that has no runbook: nothing is written then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.catalogue import alerts
from workbench import generated
from workbench.alerts import files, table
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS, UsageError
from workbench.pages import runbooks

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

NAME = "build"
HELP = "write rules, their proof, cluster resources and Alertmanager's configuration into alerts/generated"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is not current")


def run(args: argparse.Namespace) -> int:
    """Write, or compare."""
    demand_runbooks(alert.name for alert in alerts())
    wanted, current = files.contents(), table.PAGE.read_text(encoding="utf-8")
    if args.check:
        stale = generated.differences(files.GENERATED, wanted)
        if table.page(current) != current:
            stale.append(f"{table.PAGE}: is not current")
        for line in stale:
            out.print(line, markup=False)
        if stale:
            out.print("write them again: titanium alerts build")
        return EXIT_BREACH if stale else EXIT_PASS
    generated.write(files.GENERATED, wanted)
    table.PAGE.write_text(table.page(current), encoding="utf-8")
    out.print(f"{len(alerts())} alerts: {len(wanted)} files in {files.GENERATED}")
    return EXIT_PASS


def demand_runbooks(names: Iterable[str]) -> None:
    """Look for the page of each alert.

    Raises:
        UsageError: one has none.
    """
    for name in names:
        page = runbooks.ALERTS / f"{name}.md"
        if not page.is_file():
            raise UsageError(f"the alert {name} has no runbook", hint=f"write {page}, after one that is there")
