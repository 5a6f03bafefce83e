"""`titanium logs [NAME …] [-f] [-n N]`: what the platform's processes wrote.

Contract: exit 0; 2 when there is no such log. Several logs are told apart by a prefix. `-f` goes on until Ctrl-C.
"""

import argparse
import time
from pathlib import Path
from typing import Final

from workbench.errors import EXIT_PASS, UsageError
from workbench.platform.instance import Instance
from workbench.platform.readiness import tail

NAME = "logs"
HELP = "show what the platform's processes wrote"

_POLL_S: Final = 0.2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="a process, as `titanium status` names it (all)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on printing until Ctrl-C")
    parser.add_argument("-n", "--lines", type=int, default=20, metavar="N", help="lines of each log (default 20)")


def run(args: argparse.Namespace) -> int:
    """Print the ends of the logs, and follow them if asked."""
    files = _files(Instance.from_environment().logs, args.names)
    prefixes = {file: f"{file.stem:<20} | " if len(files) > 1 else "" for file in files}
    positions = {file: file.stat().st_size for file in files}
    for file in files:
        for line in tail(file, args.lines):
            print(f"{prefixes[file]}{line}")
    while args.follow:
        time.sleep(_POLL_S)
        for file in files:
            positions[file] = _print_new(file, positions[file], prefixes[file])
    return EXIT_PASS


def _files(folder: Path, names: list[str]) -> list[Path]:
    """Return the logs; UsageError names those that exist when one does not."""
    existing = {file.stem: file for file in sorted(folder.glob("*.log"))}
    unknown = [name for name in names if name not in existing]
    if unknown or not existing:
        what = f"there is no log of {', '.join(unknown)}" if unknown else f"there are no logs in {folder}"
        raise UsageError(what, hint=f"there are: {', '.join(existing)}" if existing else "run: titanium up")
    return [existing[name] for name in names] if names else list(existing.values())


def _print_new(file: Path, position: int, prefix: str) -> int:
    """Print what was written since; a log that shrank has been rotated and is read from its beginning."""
    size = file.stat().st_size
    start = position if size >= position else 0
    if size == start:
        return start
    with file.open("rb") as stream:
        stream.seek(start)
        written = stream.read()
    # An unfinished line waits for its end.
    whole = written[: written.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        print(f"{prefix}{line}", flush=True)
    return start + len(whole)
