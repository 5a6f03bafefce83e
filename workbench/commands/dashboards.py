"""`titanium dashboards`: everything that is done with the Grafana dashboards.

Each module of `workbench.dashboards.actions` is one action: `NAME`, `HELP`, `configure(parser)`, `run(args) -> int`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import workbench.dashboards.actions

if TYPE_CHECKING:
    import argparse

NAME = "dashboards"
HELP = "build, check, look at, compare and push the Grafana dashboards"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for found in pkgutil.iter_modules(workbench.dashboards.actions.__path__):
        module = importlib.import_module(f"{workbench.dashboards.actions.__name__}.{found.name}")
        action = actions.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.configure(action)
        action.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    return int(args.act(args))
