"""An event listener of supervisord: counts how often each program ended without having been asked to.

`python -m workbench.platform.restart_counter FILE` speaks supervisord's event protocol on stdin and stdout and keeps
`{program: count}` as JSON in FILE, replaced atomically. `titanium status` shows the counts.
"""

import json
import sys
from pathlib import Path
from typing import TextIO


def read_restarts(file: Path) -> dict[str, int]:
    """Return the counts; empty when nothing has crashed yet."""
    try:
        counts = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return {str(name): int(count) for name, count in counts.items()}


def _fields(line: str) -> dict[str, str]:
    return dict(field.split(":", 1) for field in line.split())


def listen(requests: TextIO, answers: TextIO, file: Path) -> None:
    """Answer events until stdin ends."""
    while True:
        answers.write("READY\n")
        answers.flush()
        header = requests.readline()
        if not header:
            return
        payload = _fields(requests.read(int(_fields(header)["len"])))
        # A stop that was asked for goes through STOPPING and sends none of these events: each is a process that died.
        _count(file, payload["processname"])
        answers.write("RESULT 2\nOK")
        answers.flush()


def _count(file: Path, program: str) -> None:
    counts = read_restarts(file)
    counts[program] = counts.get(program, 0) + 1
    scratch = file.with_suffix(".new")
    scratch.write_text(json.dumps(counts, sort_keys=True))
    scratch.replace(file)


if __name__ == "__main__":
    listen(sys.stdin, sys.stdout, Path(sys.argv[1]))
