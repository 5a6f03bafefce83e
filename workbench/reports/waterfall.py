"""A trace in the terminal: one line a span with its place in time, log lines under the span that they belong to."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from workbench.domain.trace import LogLine, Span, Trace

_BAR_WIDTH: Final = 32
_NAME_WIDTH: Final = 64
_SHOWN_TAGS: Final = ("http.response.status_code", "http.status_code", "response_flags", "db.system", "db.system.name")
_STATEMENTS: Final = ("db.query.text", "db.statement")
_STATEMENT_WIDTH: Final = 100


def waterfall(trace: Trace, lines: Sequence[LogLine]) -> str:
    """Return the text; times are milliseconds since the trace began."""
    attached = trace.lines_by_span(lines)
    total = max(1, trace.end_us - trace.start_us)
    shown = [f"trace {trace.trace_id}: {len(trace.spans)} spans, {total / 1000:.1f} ms"]
    for depth, span in trace.tree():
        shown.append(_row(trace, depth, span, total))
        shown += [f"{'':>{_BAR_WIDTH + 24}}{'  ' * depth}  {text}" for text in _details(span)]
        shown += [_log_row(trace, depth, line) for line in attached.get(span.span_id, ())]
    return "\n".join(shown)


def _row(trace: Trace, depth: int, span: Span, total: int) -> str:
    begin = span.start_us - trace.start_us
    left = min(_BAR_WIDTH - 1, begin * _BAR_WIDTH // total)
    width = max(1, min(_BAR_WIDTH - left, round(span.duration_us * _BAR_WIDTH / total)))
    bar = f"{'.' * left}{'#' * width}".ljust(_BAR_WIDTH, ".")
    name = f"{'  ' * depth}{span.service}: {span.name}"
    tags = " ".join(value for key in _SHOWN_TAGS if (value := span.tags.get(key, "")) not in {"", "-"})
    failed = " ERROR" if span.is_error else ""
    return (
        f"{begin / 1000:>9.1f} {span.duration_us / 1000:>9.1f} ms {bar} {name:<{_NAME_WIDTH}} {tags}{failed}".rstrip()
    )


def _details(span: Span) -> list[str]:
    statements = [" ".join(span.tags[key].split()) for key in _STATEMENTS if key in span.tags]
    return [text if len(text) <= _STATEMENT_WIDTH else f"{text[:_STATEMENT_WIDTH]}…" for text in statements]


def _log_row(trace: Trace, depth: int, line: LogLine) -> str:
    begin = (line.time_us - trace.start_us) / 1000
    return f"{begin:>9.1f} {'':>12} {'log':<{_BAR_WIDTH}} {'  ' * depth}  {message(line.text)}"


def message(text: str) -> str:
    """Return what a line says to a person: level and message of ours, answer and address of an access log's."""
    try:
        fields = json.loads(text)
    except ValueError:
        return text
    if not isinstance(fields, Mapping):
        return text
    if "message" in fields:
        exception = str(fields.get("exception", "")).strip().splitlines()
        return f"{fields.get('level', '')} {fields['message']}{f' ({exception[-1]})' if exception else ''}".strip()
    if "response_code" in fields:
        names = ("method", "path", "response_code", "response_flags", "response_code_details")
        return " ".join(["access", *(str(fields[name]) for name in names if fields.get(name) not in {None, "-"})])
    return text
