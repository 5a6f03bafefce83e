"""Runs the generated tests with promtool, several at once."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TIMEOUT_S: Final = 600


@dataclass(frozen=True)
class Proof:
    """The result of one test file; `said` is what promtool printed."""

    file: Path
    passed: bool
    said: str


def check_rules(promtool: Path, files: Sequence[Path]) -> Proof:
    """Have promtool read rule files."""
    return _run(promtool, ["check", "rules", *map(str, files)], files[0])


def run_tests(promtool: Path, files: Sequence[Path]) -> Iterator[Proof]:
    """Yield each file's result as it comes; as many at once as there are processors.

    Raises:
        CannotDecideError: promtool cannot be run.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = [pool.submit(_run, promtool, ["test", "rules", str(file)], file) for file in files]
        for one in as_completed(running):
            yield one.result()


def _run(promtool: Path, arguments: list[str], file: Path) -> Proof:
    try:
        done = subprocess.run(  # noqa: S603 - our own program and files
            [str(promtool), *arguments], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotDecideError(f"promtool could not test {file}: {error}") from error
    return Proof(file, done.returncode == 0, f"{done.stdout}{done.stderr}".strip())
