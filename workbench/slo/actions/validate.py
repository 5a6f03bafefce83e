"""`titanium slo validate PATH…`: accept what OpenSLO v1 accepts, and name what it refuses: file, line, field, value.

Contract: exit 0 when every document is right, 2 at the first mistake. What is right but cannot be compiled (a reference
to nothing, a query that is no PromQL, another vendor's metrics) is said, and is no mistake of the specification.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from slo.errors import SloError
from slo.reader import read
from slo.resolve import resolve
from workbench.console import out
from workbench.errors import EXIT_PASS, UsageError
from workbench.slo.paths import add_paths, existing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from slo.reader import Found

NAME = "validate"
HELP = "check OpenSLO v1 files: every mistake with file, line, field and the way out"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_paths(parser)


def run(args: argparse.Namespace) -> int:
    """Read everything and say what there is."""
    paths = existing(args.paths)
    found = read(paths)
    if not found:
        raise UsageError(f"no document in {', '.join(map(str, paths))}")
    kinds = Counter(one.document.kind for one in found)
    out.print(
        f"{len(found)} documents are valid: {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}"
    )
    _say_what_cannot_be_compiled(found)
    return EXIT_PASS


def _say_what_cannot_be_compiled(found: Sequence[Found]) -> None:
    try:
        resolve(found)
    except SloError as error:
        out.print(f"but titanium slo compile refuses: {error}", style="yellow", markup=False)
