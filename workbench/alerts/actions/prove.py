"""`titanium alerts test`: every alert fires, is silent, and ends, when promtool plays it.

Contract: exit 0 when all do, 1 when one does not, 3 when promtool cannot be run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.catalogue import LOGS, metric_alerts
from workbench.alerts.files import proofs
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.platform import components
from workbench.platform.instance import Instance
from workbench.slo.proof import run_tests

if TYPE_CHECKING:
    import argparse

NAME = "test"
HELP = "prove with promtool that every alert fires when it must, at no other time, and ends"


def configure(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_args: argparse.Namespace) -> int:
    """Prove."""
    promtool = components.obtain(components.PROMTOOL, Instance.from_environment().components)
    failed = 0
    for one in run_tests(promtool, proofs()):
        failed += not one.passed
        out.print(f"{one.file.stem:<12} {'proven' if one.passed else 'FAILED'}")
        if not one.passed:
            out.print(one.said, markup=False, highlight=False)
    out.print(f"{len(metric_alerts())} alerts in {len(proofs())} files, {failed} failed")
    out.print(f"{len(LOGS.alerts)} more are Loki's: make test-full gives a real one the lines that they look for")
    return EXIT_BREACH if failed else EXIT_PASS
