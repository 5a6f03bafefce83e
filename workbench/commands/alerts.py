"""`titanium alerts`: everything that is done with the alerts that are not SLO burn.

Each module of `workbench.alerts.actions` is one action: `NAME`, `HELP`, `configure(parser)`, `run(args) -> int`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import workbench.alerts.actions

if TYPE_CHECKING:
    import argparse

NAME = "alerts"
HELP = "build and prove the alerts that are not SLO burn, and their routing"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for found in pkgutil.iter_modules(workbench.alerts.actions.__path__):
        module = importlib.import_module(f"{workbench.alerts.actions.__name__}.{found.name}")
        action = actions.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.configure(action)
        action.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    return int(args.act(args))
