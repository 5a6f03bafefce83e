"""One `titanium up` or `down` at a time for each instance.

The lock is the kernel's (flock), so that it ends with the process that holds it, however that ends. The file holds the
process id, which says who is at work, or, after a crash, who was. It is gone when nobody is at work.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from workbench.errors import UsageError


@contextmanager
def exclusive(file: Path) -> Iterator[int | None]:
    """Hold the lock; yields the id of a process that died holding it, None usually.

    Raises:
        UsageError: another process holds it; the message names it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _open_locked(file) as stream:
        stale = _pid_in(stream)
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        try:
            yield stale
        finally:
            file.unlink(missing_ok=True)


def _open_locked(file: Path) -> IO[str]:
    while True:
        stream = file.open("a+", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid_in(stream)
            stream.close()
            raise UsageError(
                f"another titanium (process {pid or 'unknown'}) is starting or stopping this platform",
                hint=f"wait for it, or end it: kill {pid}" if pid else "wait for it",
            ) from None
        # Its last holder may have removed the file between our opening and locking it: then lock the new one.
        with suppress(FileNotFoundError):
            if file.stat().st_ino == os.fstat(stream.fileno()).st_ino:
                return stream
        stream.close()


def _pid_in(stream: IO[str]) -> int | None:
    stream.seek(0)
    text = stream.read().strip()
    return int(text) if text.isdigit() else None
