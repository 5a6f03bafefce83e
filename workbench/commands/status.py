"""`titanium status`: what runs, since when, how often it was restarted, what it weighs, and what is missing.

Contract: exit 0 when every process runs, 1 when something is down, nothing included. `--json` prints one document:
`{"running": bool, "processes": [{name, state, pid, uptime_s, restarts, rss_mib, port}], "missing": {name: way},
"optional": {name: way}}`.
"""

import argparse
import dataclasses
import json

from rich import box
from rich.table import Table

from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.platform.instance import Instance
from workbench.platform.status import Row, Status, read_status

NAME = "status"
HELP = "show the platform's processes; exit 1 when something is down"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Show the state."""
    status = read_status(Instance.from_environment())
    if args.json:
        print(json.dumps({"running": status.is_whole, **dataclasses.asdict(status)}, indent=2))
    else:
        _show(status)
    return EXIT_PASS if status.is_whole else EXIT_BREACH


def _show(status: Status) -> None:
    if status.processes:
        out.print(_table(status.processes))
    else:
        out.print("The platform is down. Start it: titanium up")
    for name, way in status.missing.items():
        out.print(f"missing: {name} ({way})")
    for name, way in status.optional.items():
        out.print(f"optional, not there: {name} ({way})")


def _table(rows: list[Row]) -> Table:
    utf8 = out.encoding.lower().startswith("utf")
    table = Table(box=box.SIMPLE if utf8 else box.ASCII2)
    table.add_column("process")
    table.add_column("state")
    for heading in ("pid", "uptime", "restarts", "RSS MiB", "port"):
        table.add_column(heading, justify="right")
    for row in rows:
        style = "green" if row.state == "RUNNING" else "red"
        table.add_row(
            row.name,
            f"[{style}]{row.state.lower()}[/]",
            str(row.pid or "-"),
            duration(row.uptime_s),
            str(row.restarts),
            f"{row.rss_mib:.0f}",
            str(row.port or "-"),
        )
    return table


def duration(seconds: int) -> str:
    """Return seconds as people say them: 42s, 3m 05s, 2h 10m."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes_left:02d}m"
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"
