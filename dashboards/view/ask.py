"""What the viewer asks, and of whom: whoever has a Prometheus implements this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.view.expand import Window


@dataclass(frozen=True)
class Answer:
    """One series: its labels, and its values by time in seconds since 1970; of an instant query one value."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        return self.values[-1][1]


class RefusedError(Exception):
    """The data source did not answer, or did not understand; the message says which."""


class Ask(Protocol):
    """A data source for PromQL."""

    def over(self, expr: str, window: Window) -> list[Answer]:
        """Return an expression's series over a window. Raises: RefusedError."""
        ...

    def now(self, expr: str) -> list[Answer]:
        """Return an expression's series as they are now. Raises: RefusedError."""
        ...
