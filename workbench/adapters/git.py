"""Git, as far as it says which build this is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

GIT_TIMEOUT_S: Final = 10
UNKNOWN: Final = "unknown"


def revision(checkout: Path) -> str:
    """Return the commit, with a plus sign when files were changed since."""
    commit = _git(checkout, "rev-parse", "--short", "HEAD")
    if commit is None:
        return UNKNOWN
    return commit + ("+" if _git(checkout, "status", "--porcelain", "--untracked-files=no") else "")


def _git(checkout: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  fixed words
            ["git", *words],  # noqa: S607  git is where PATH says
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
