"""`titanium slo import FILE…`: Sloth's and Pyrra's SLO files as OpenSLO v1.

Contract: exit 0 when written, 2 when a file is neither, holds what has no counterpart, or would be overwritten.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slo.importing.files import import_file
from workbench.console import out
from workbench.errors import EXIT_PASS, UsageError

if TYPE_CHECKING:
    import argparse

NAME = "import"
HELP = "read Sloth's and Pyrra's SLO files and write OpenSLO"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file of Sloth (prometheus/v1) or Pyrra")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to (default: standard output)")


def run(args: argparse.Namespace) -> int:
    """Import."""
    texts = {file: import_file(file) for file in args.files}
    if args.out is None:
        sys.stdout.write("---\n".join(texts.values()))
        return EXIT_PASS
    args.out.mkdir(parents=True, exist_ok=True)
    for file in texts:
        if (args.out / f"{file.stem}.yaml").exists():
            raise UsageError(
                f"{args.out / f'{file.stem}.yaml'} is there already", hint="remove it, or choose another --out"
            )
    for file, text in texts.items():
        target = args.out / f"{file.stem}.yaml"
        target.write_text(text, encoding="utf-8")
        out.print(f"{file} -> {target}")
    return EXIT_PASS
