"""What the pages of all benchmarks are made with: tables, and the place in a page between a pair of markers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Markers = tuple[str, str]


class PageError(UsageError):
    """The documentation page has lost its markers."""


def insert(page: str, text: str, markers: Markers) -> str:
    """Return the page with `text` between the markers, and everything else as it was.

    Raises:
        PageError: there is not exactly one place for it.
    """
    first, last = (re.escape(marker) for marker in markers)
    body = f"{markers[0]}\n{text}\n{markers[1]}"
    replaced, count = re.subn(rf"{first}\n.*?{last}", lambda _: body, page, flags=re.DOTALL)
    if count != 1:
        raise PageError(f"the page has {count} places between {markers[0]} and {markers[1]}, expected one")
    return replaced


def table(head: list[str], rows: Iterable[list[str]], *, figures_from: int | None = None) -> str:
    """Return a table; columns from `figures_from` on are aligned to the right."""
    right = len(head) if figures_from is None else figures_from
    rule = ["---:" if column >= right else "---" for column in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])
