"""`titanium dashboards build`: write `dashboards/generated`.

Contract: exit 0 when written, 2 when two dashboards or panels want the same id. Equal dashboards are equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import generated
from workbench.console import out
from workbench.dashboards import files
from workbench.errors import EXIT_PASS

if TYPE_CHECKING:
    import argparse

NAME = "build"
HELP = "write the dashboards as Grafana's JSON into dashboards/generated"


def configure(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_args: argparse.Namespace) -> int:
    """Write."""
    wanted = files.contents()
    generated.write(files.GENERATED, wanted)
    out.print(f"{len(files.built())} dashboards: {len(wanted)} files in {files.GENERATED}")
    return EXIT_PASS
