"""`titanium dashboards diff`: what differs between the dashboards here and those in a Grafana.

Contract: exit 0 when nothing differs, 1 when something does, 2 when the token is refused, 3 when Grafana cannot be
reached. What Grafana adds by itself (`id`, `version`) is no difference.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from dashboards.grafana.encoder import text
from workbench.console import out
from workbench.dashboards import files
from workbench.dashboards.grafana import Grafana
from workbench.errors import EXIT_BREACH, EXIT_PASS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

NAME = "diff"
HELP = "compare the dashboards with those of the Grafana that GRAFANA_URL names"
_GRAFANAS_OWN: Final = ("id", "version", "iteration")


def configure(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_args: argparse.Namespace) -> int:
    """Compare."""
    grafana = Grafana.from_environment()
    differ = 0
    for uid, document in files.built().items():
        there = grafana.dashboard(uid)
        lines = difference(uid, document, there)
        differ += bool(lines)
        for line in lines:
            out.print(line, markup=False, highlight=False)
    if not differ:
        out.print(f"nothing differs from {grafana.url}")
    return EXIT_BREACH if differ else EXIT_PASS


def difference(uid: str, here: Mapping[str, Any], there: Mapping[str, Any] | None) -> list[str]:
    """Return a unified diff from Grafana's document to ours; empty when they are equal."""
    if there is None:
        return [f"{uid}: is not in Grafana"]
    known = {key: value for key, value in there.items() if key not in _GRAFANAS_OWN}
    old, new = text(known).splitlines(), text(here).splitlines()
    return list(difflib.unified_diff(old, new, f"grafana/{uid}", f"generated/{uid}", lineterm="", n=2))
