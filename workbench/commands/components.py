"""`titanium components [--fetch]`: where each server's program comes from, and obtaining what is missing.

Contract: exit 0 when all are there, 1 when one is missing; with `--fetch` 2 when one cannot be obtained.
"""

import argparse

from workbench.console import out
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.platform import components
from workbench.platform.instance import Instance

NAME = "components"
HELP = "show where the servers' programs come from; --fetch obtains the missing ones"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--fetch", action="store_true", help="obtain what is missing, without installing anything")


def run(args: argparse.Namespace) -> int:
    """List the programs."""
    folder = Instance.from_environment().components
    wheels = {
        "envoy": components.envoy_path(),
        "postgres": components.postgres_tool("postgres"),
        "valkey": components.valkey_path(),
    }
    for name, path in wheels.items():
        out.print(f"{name:<13} {path}")
    missing = False
    for program in components.DEBIAN_PROGRAMS:
        found = components.obtain(program, folder) if args.fetch else components.find(program, folder)
        out.print(f"{program.name:<13} {found or 'missing (titanium components --fetch)'}")
        missing = missing or found is None
    return EXIT_BREACH if missing else EXIT_PASS
