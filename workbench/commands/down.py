"""`titanium down`: stop the platform gracefully; leaves no process, socket or lock, whatever became of the supervisor.

Contract: exit 0, also when nothing ran. Data, logs and evidence stay in the state folder.
"""

import argparse

from workbench.console import out, step
from workbench.errors import EXIT_PASS
from workbench.platform.instance import Instance
from workbench.platform.lifecycle import Platform

NAME = "down"
HELP = "stop the local platform; data, logs and evidence stay"


def configure(_parser: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(_args: argparse.Namespace) -> int:
    """Stop everything."""
    stopped = Platform(Instance.from_environment(), say=out.print).down(step)
    out.print(f"{stopped} processes stopped." if stopped else "Nothing was running.")
    return EXIT_PASS
