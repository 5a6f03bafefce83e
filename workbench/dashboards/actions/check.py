"""`titanium dashboards check`: are the generated files current, and do the dashboards keep every rule?

Contract: exit 0 when nothing is wrong, 1 with one line for everything that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.lint.linter import lint
from workbench import generated
from workbench.console import out
from workbench.dashboards import files
from workbench.dashboards.known import known_metrics
from workbench.errors import EXIT_BREACH, EXIT_PASS

if TYPE_CHECKING:
    import argparse

NAME = "check"
HELP = "lint the dashboards, and compare dashboards/generated with what would be written now"


def configure(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_args: argparse.Namespace) -> int:
    """Check."""
    documents = files.built()
    stale = generated.differences(files.GENERATED, files.contents())
    findings = lint(documents.values(), known_metrics())
    for line in (*stale, *findings):
        out.print(str(line), markup=False)
    if stale:
        out.print("write them again: titanium dashboards build")
    if stale or findings:
        return EXIT_BREACH
    out.print(f"{len(documents)} dashboards keep every rule; dashboards/generated is current")
    return EXIT_PASS
