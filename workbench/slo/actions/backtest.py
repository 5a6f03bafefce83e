"""`titanium slo backtest FILE --prometheus URL --days N`: what an SLO's alerts would have done, before it is merged.

Contract: exit 0 when the past could be read, 2 when a file or an option is wrong, 3 when Prometheus has no data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from slo.explain import humanly
from workbench.adapters.prometheus import HttpPrometheus
from workbench.console import out
from workbench.errors import EXIT_CANNOT_DECIDE, EXIT_PASS, UsageError
from workbench.platform.instance import Instance
from workbench.slo.backtest import Backtest, backtest
from workbench.slo.paths import add_slo, objectives

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from slo.objective import Objective

NAME = "backtest"
HELP = "what the alerts of an SLO would have done on recorded data"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="OpenSLO file or folder")
    add_slo(parser)
    parser.add_argument("--prometheus", metavar="URL", help="default: the Prometheus of this instance")
    parser.add_argument("--days", type=float, default=7.0, metavar="N", help="how far back (default: 7)")


def run(args: argparse.Namespace) -> int:
    """Replay and print."""
    if not args.days > 0:
        raise UsageError(f"--days {args.days:g} looks at no time", hint="give a positive number")
    prometheus = HttpPrometheus(args.prometheus or Instance.from_environment().prometheus_url)
    blind = False
    for objective in objectives([args.file], args.slo):
        found = backtest(objective, prometheus, days=args.days)
        blind = blind or not any(one.covered_s for one in found)
        _print(objective, found)
    return EXIT_CANNOT_DECIDE if blind else EXIT_PASS


def _print(objective: Objective, found: Sequence[Backtest]) -> None:
    covered = max(one.covered_s for one in found)
    out.print(f"{objective.name}: {humanly(covered)} of data" if covered else f"{objective.name}: no data")
    for one in found:
        title = f"  {one.row.severity:<9} {one.row.long}/{one.row.short} x{one.row.burn_rate:f}"
        if not one.firings:
            out.print(f"{title}: would not have fired")
            continue
        total = humanly(sum(firing.seconds for firing in one.firings))
        out.print(f"{title}: would have fired {len(one.firings)} times, {total} in all")
        for firing in one.firings:
            began = datetime.fromtimestamp(firing.start, UTC).strftime("%Y-%m-%d %H:%M")
            out.print(f"    {began} UTC, for {humanly(firing.seconds)}")
