"""`titanium dashboards push`: put the generated dashboards into the Grafana that GRAFANA_URL names.

Contract: exit 0 when all are there, 2 when the token is refused, 3 when Grafana cannot be reached. What was pushed
before a failure stays: every dashboard is put whole, and a second run puts them all again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.console import out
from workbench.dashboards import files
from workbench.dashboards.grafana import Grafana
from workbench.errors import EXIT_PASS

if TYPE_CHECKING:
    import argparse

NAME = "push"
HELP = "put the dashboards into the Grafana that GRAFANA_URL names (token: GRAFANA_TOKEN_FILE)"


def configure(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_args: argparse.Namespace) -> int:
    """Push."""
    grafana = Grafana.from_environment()
    grafana.make_folder()
    for document in files.built().values():
        out.print(grafana.push(document))
    return EXIT_PASS
