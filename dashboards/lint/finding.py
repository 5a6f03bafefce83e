"""What the linter says, and how a rule is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
# A metric's labels by its name; None: any label, as for records.
Known = Mapping[str, frozenset[str] | None]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the rule's name, where, and what to do."""

    rule: str
    dashboard: str
    panel: str
    what: str

    def __str__(self) -> str:
        return f"{self.dashboard}{f', {self.panel!r}' if self.panel else ''}: {self.what} [{self.rule}]"


Said = Iterator[str]
DashboardRule = Callable[[Document], Said]
PanelRule = Callable[[Document], Said]
TargetRule = Callable[[Document, Document, Known], Said]


def questions(document: Document) -> list[Document]:
    """Return the rows of a dashboard."""
    return [panel for panel in document["panels"] if panel["type"] == "row"]


def panels(document: Document) -> list[Document]:
    """Return the panels that show something."""
    return [panel for panel in document["panels"] if panel["type"] != "row"]
