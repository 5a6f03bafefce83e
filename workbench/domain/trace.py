"""A request's trace as data: its spans in the order of the tree, and the log lines that belong to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """One piece of work; times in microseconds, `start_us` since 1970."""

    span_id: str
    parent_id: str
    service: str
    name: str
    start_us: int
    duration_us: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def end_us(self) -> int:
        return self.start_us + self.duration_us

    @property
    def workload(self) -> str:
        """The workload: a proxy is named `<workload>.<namespace>`, a service by its workload alone."""
        return self.service.partition(".")[0]

    @property
    def is_proxy(self) -> bool:
        return "." in self.service

    @property
    def is_error(self) -> bool:
        return self.tags.get("error") == "true" or self.tags.get("otel.status_code") == "ERROR"


@dataclass(frozen=True)
class LogLine:
    """One line of a log: of a service, which names its span, or of a proxy, whose `side` (a kind of span) tells it."""

    time_us: int
    workload: str
    text: str
    span_id: str = ""
    side: str = ""


@dataclass(frozen=True)
class Trace:
    """All spans of a request that have arrived."""

    trace_id: str
    spans: tuple[Span, ...]

    @property
    def start_us(self) -> int:
        return min(span.start_us for span in self.spans)

    @property
    def end_us(self) -> int:
        return max(span.end_us for span in self.spans)

    def tree(self) -> list[tuple[int, Span]]:
        """Return depth and span, parents first; a span whose parent never arrived stands at the top."""
        known = {span.span_id for span in self.spans}
        children: dict[str, list[Span]] = {}
        for span in sorted(self.spans, key=lambda one: one.start_us):
            children.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
        return list(_below("", 0, children))

    def owner(self, line: LogLine) -> str:
        """Return the id of the span that a line belongs to: the one it names, else the nearest of who wrote it."""
        if any(span.span_id == line.span_id for span in self.spans):
            return line.span_id
        written = [one for one in self.spans if one.workload == line.workload]
        of_side = [one for one in written if line.side and one.is_proxy and one.tags.get("span.kind") == line.side]
        nearest = min(of_side or written or self.spans, key=lambda one: abs(one.start_us - line.time_us))
        return nearest.span_id

    def lines_by_span(self, lines: Sequence[LogLine]) -> dict[str, list[LogLine]]:
        """Return the lines of each span, in the order of time."""
        found: dict[str, list[LogLine]] = {}
        for line in sorted(lines, key=lambda one: one.time_us):
            found.setdefault(self.owner(line), []).append(line)
        return found


def _below(parent: str, depth: int, children: Mapping[str, Sequence[Span]]) -> Iterator[tuple[int, Span]]:
    for span in children.get(parent, ()):
        yield depth, span
        yield from _below(span.span_id, depth + 1, children)
