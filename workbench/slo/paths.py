"""Where SLO files and what is compiled from them lie, and the options that name them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from slo.resolve import load_objectives
from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from slo.objective import Objective

OBJECTIVES: Final = CHECKOUT / "slo" / "objectives"
GENERATED: Final = CHECKOUT / "slo" / "generated"


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Declare the files and folders to read."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="OpenSLO file or folder (default: the platform's)"
    )


def add_slo(parser: argparse.ArgumentParser) -> None:
    """Declare which objectives are meant."""
    parser.add_argument("--slo", action="append", metavar="NAME", help="only this objective; may be repeated")


def objectives(paths: Sequence[Path], names: Sequence[str] | None = None) -> list[Objective]:
    """Return the objectives of the files, or those of these names.

    Raises:
        SloError: a file is wrong.
        UsageError: there is no such file, no such objective, or none at all.
    """
    wanted = existing(paths)
    found = load_objectives(wanted)
    if not found:
        raise UsageError(f"no objective in {', '.join(map(str, wanted))}", hint="write one: titanium slo init")
    if not names:
        return found
    by_name = {one.name: one for one in found}
    if missing := [name for name in names if name not in by_name]:
        raise UsageError(f"no objective {', '.join(missing)}", hint=f"there are: {', '.join(sorted(by_name))}")
    return [by_name[name] for name in names]


def existing(paths: Sequence[Path]) -> list[Path]:
    """Return the paths, the platform's own where none are given.

    Raises:
        UsageError: one of them is not there.
    """
    wanted = list(paths) or [OBJECTIVES]
    for path in wanted:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    return wanted
