"""`titanium slo`: everything that begins with an SLO file.

Each module of `workbench.slo.actions` is one action: `NAME`, `HELP`, `configure(parser)`, `run(args) -> int`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import workbench.slo.actions
from slo.errors import SloError
from workbench.errors import UsageError

if TYPE_CHECKING:
    import argparse

NAME = "slo"
HELP = "check, compile and prove SLO files; report, explain and replay error budgets"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for found in pkgutil.iter_modules(workbench.slo.actions.__path__):
        module = importlib.import_module(f"{workbench.slo.actions.__name__}.{found.name}")
        action = actions.add_parser(module.NAME, help=module.HELP, description=module.HELP)
        module.configure(action)
        action.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """Run one action; a mistake in an SLO file is a usage error."""
    try:
        return int(args.act(args))
    except SloError as error:
        raise UsageError(str(error)) from error
