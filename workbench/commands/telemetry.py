"""`titanium telemetry [--write | --check]`: the page of all names of telemetry.

Contract: without options it is printed. `--write` exits 0 when it was written, `--check` exits 1 when it is not
current.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.telemetry.page import COMMAND, PAGE, page

if TYPE_CHECKING:
    import argparse

NAME = "telemetry"
HELP = "show every metric, label, attribute and log field with its meaning; write docs/telemetry.md"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--write", action="store_true", help="write docs/telemetry.md")
    how.add_argument("--check", action="store_true", help="write nothing; exit 1 when docs/telemetry.md is not current")


def run(args: argparse.Namespace) -> int:
    """Print, write or compare."""
    text = page()
    if args.check:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            out.print(f"{PAGE} is not current; write it again: {COMMAND}")
        return EXIT_PASS if current else EXIT_BREACH
    if args.write:
        PAGE.write_text(text, encoding="utf-8")
        out.print(f"written: {PAGE}")
    else:
        out.print(text, markup=False)
    return EXIT_PASS
