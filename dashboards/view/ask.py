"""What the viewer asks, and of whom: whoever has a Prometheus, a Loki or a Jaeger implements this."""

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


@dataclass(frozen=True)
class Line:
    """One log line; `labels` are those of its stream and its structured metadata, the time is seconds since 1970."""

    time_s: float
    labels: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class FoundTrace:
    """One trace of a list: where it entered, how long it took, whether something in it failed."""

    trace_id: str
    service: str
    name: str
    start_s: float
    duration_ms: float
    spans: int
    failed: bool


@dataclass(frozen=True)
class SpanRow:
    """One span of a trace; `depth` is its place in the tree, times are milliseconds since the trace began."""

    depth: int
    service: str
    name: str
    begin_ms: float
    duration_ms: float
    failed: bool


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


class AskLogs(Ask, Protocol):
    """A data source for LogQL."""

    def lines(self, query: str, window: Window, most: int) -> list[Line]:
        """Return the newest lines of a window. Raises: RefusedError."""
        ...


class AskTraces(Protocol):
    """A data source for traces."""

    def search(self, service: str, tags: str, window: Window, most: int) -> list[FoundTrace]:
        """Return the latest traces of a service; `tags` is a JSON object of texts, or empty. Raises: RefusedError."""
        ...

    def spans(self, trace_id: str) -> list[SpanRow]:
        """Return a trace's spans, parents first; none when there is no such trace. Raises: RefusedError."""
        ...


@dataclass(frozen=True)
class Sources:
    """Who answers; None is a data source that is not there."""

    metrics: Ask
    logs: AskLogs | None = None
    traces: AskTraces | None = None
