"""How long the SLO compiler takes, and how much memory: each figure from a process of its own.

Contract: `measure` starts this module as a program (`python -m workbench.bench.slo_compile STEP FOLDER STARTED`), which
does one step with the SLO files of a folder and prints its figures as one line of JSON. Seconds are counted from the
moment at which the process was started, Python's own start included: `time.monotonic()` is one clock for all processes.
The peak is the kernel's `VmHWM`, not `ru_maxrss` of `getrusage`: a program inherits the latter from the process that
started it, so that a large parent would be measured instead of a small child.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from slo.compiler import compile_all, compile_rules
from slo.resolve import load_objectives
from workbench.errors import CannotDecideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.compiler import Artefact

START: Final = "start"
READ: Final = "read"
RULES: Final = "rules"
EVERYTHING: Final = "everything"
STEPS: Final = (START, READ, RULES, EVERYTHING)

_DEADLINE_S: Final = 300
_KIB_IN_MIB: Final = 1024
_PEAK: Final = "VmHWM:"


@dataclass(frozen=True, slots=True)
class CompilerFigures:
    """One step: seconds since its process was started, what it made, and the most memory it held."""

    step: str
    seconds: float
    artefacts: int
    lines: int
    peak_mib: float


def write_copies(template: Path, count: int, folder: Path) -> None:
    """Write the SLO file as often as asked for, each with a name of its own.

    Raises:
        UsageError: the file does not name its SLO just once after itself.
    """
    text, named = template.read_text(encoding="utf-8"), f"  name: {template.stem}\n"
    if text.count(named) != 1:
        raise UsageError(f"{template}: {named.strip()!r} is expected once, is there {text.count(named)} times")
    for number in range(count):
        name = f"{template.stem}-{number:04}"
        (folder / f"{name}.yaml").write_text(text.replace(named, f"  name: {name}\n"), encoding="utf-8")


def measure(folder: Path) -> list[CompilerFigures]:
    """Return the figures of every step on the SLO files of a folder.

    Raises:
        CannotDecideError: a step failed.
    """
    return [_measure(step, folder) for step in STEPS]


def _measure(step: str, folder: Path) -> CompilerFigures:
    command = [sys.executable, "-m", "workbench.bench.slo_compile", step, str(folder), repr(time.monotonic())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=True)  # noqa: S603 - this module
        return CompilerFigures(**json.loads(done.stdout))
    except subprocess.TimeoutExpired as error:
        raise CannotDecideError(f"the compiler's step {step!r} took more than {_DEADLINE_S} s") from error
    except subprocess.CalledProcessError as error:
        said = (str(error.stderr).strip().splitlines() or ["nothing"])[-1]
        raise CannotDecideError(f"the compiler's step {step!r} ended with {error.returncode}: {said}") from error


def work(step: str, folder: Path, started: float) -> CompilerFigures:
    """Do one step in this process; `started` is `time.monotonic()` before it was started."""
    artefacts = lines = 0
    if step != START:
        objectives = load_objectives([folder])
    if step == RULES:
        artefacts, lines = _count(compile_rules(objectives))
    elif step == EVERYTHING:
        with tempfile.TemporaryDirectory() as nothing_by_hand:
            artefacts, lines = _count(compile_all(objectives, Path(nothing_by_hand)))
    return CompilerFigures(step, time.monotonic() - started, artefacts, lines, peak_mib())


def _count(made: Iterable[Artefact]) -> tuple[int, int]:
    """Count artefacts and lines as they come; none is held."""
    artefacts = lines = 0
    for artefact in made:
        artefacts += 1
        lines += sum(1 for _ in artefact.lines)
    return artefacts, lines


def peak_mib() -> float:
    """Return the most memory that this process has held so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    peak = next(line for line in status.splitlines() if line.startswith(_PEAK))
    return int(peak.split()[1]) / _KIB_IN_MIB


if __name__ == "__main__":
    import dataclasses

    step, folder, started = sys.argv[1:]
    sys.stdout.write(json.dumps(dataclasses.asdict(work(step, Path(folder), float(started)))) + "\n")
