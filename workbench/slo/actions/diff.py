"""`titanium slo diff BEFORE AFTER`: what a change of SLO files does, in words.

Contract: exit 0 when nothing changes, 1 when something does, 2 when a file is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from slo.compare import compare
from slo.resolve import load_objectives
from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.slo.paths import existing

if TYPE_CHECKING:
    import argparse

NAME = "diff"
HELP = "what a change of SLO files does, in words; exit 1 when it does something"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("before", type=Path, metavar="BEFORE", help="OpenSLO file or folder")
    parser.add_argument("after", type=Path, metavar="AFTER", help="OpenSLO file or folder")


def run(args: argparse.Namespace) -> int:
    """Print the sentences."""
    before, after = (load_objectives(existing([path])) for path in (args.before, args.after))
    sentences = list(compare(before, after))
    for sentence in sentences:
        out.print(escape(sentence))
    if not sentences:
        out.print("nothing that matters changes")
    return EXIT_BREACH if sentences else EXIT_PASS
