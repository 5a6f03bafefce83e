"""Runbooks by the name of their alert or objective, as text and as a page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import markdown

from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

ALERTS: Final = CHECKOUT / "alerts" / "runbooks"
FOLDERS: Final = (ALERTS, CHECKOUT / "slo" / "generated" / "runbooks")
# What a name may be: nothing that leads out of the folders.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def names() -> list[str]:
    """Return the names of all runbooks."""
    return sorted(file.stem for folder in FOLDERS for file in folder.glob("*.md"))


def find(name: str) -> Path | None:
    """Return a runbook's file, or None."""
    if not _NAME.fullmatch(name):
        return None
    return next((file for folder in FOLDERS if (file := folder / f"{name}.md").is_file()), None)


def html(file: Path) -> str:
    """Return a runbook as HTML."""
    return str(markdown.markdown(file.read_text(encoding="utf-8"), extensions=["tables", "fenced_code"]))
