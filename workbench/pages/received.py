"""What Alertmanager sent, kept as one JSON object a line: for tests, and for whoever wants to see what was told.

The file is bounded: beyond `MOST` notifications the older half goes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 2000


class Received:
    """The notifications of an instance; one process writes."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def keep(self, notification: dict[str, Any]) -> None:
        """Add one notification, as Alertmanager's webhook sends it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps(notification)}\n")
        self._forget()

    def alerts(self) -> list[dict[str, Any]]:
        """Return every alert of every notification, the latest first."""
        if not self._file.exists():
            return []
        lines = self._file.read_text(encoding="utf-8").splitlines()
        return [alert for line in reversed(lines) for alert in json.loads(line).get("alerts", [])]

    def _forget(self) -> None:
        lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True)
        if len(lines) <= MOST:
            return
        scratch = self._file.with_suffix(".new")
        scratch.write_text("".join(lines[-MOST // 2 :]), encoding="utf-8")
        scratch.replace(self._file)
