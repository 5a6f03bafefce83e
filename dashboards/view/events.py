"""Log lines and traces as HTML: what panels show that have no numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dashboards.view.ask import FoundTrace, Line, SpanRow

_TRACE: Final = "trace_id"
# What a service's line and a proxy's access log say in one glance.
_OF_ACCESS: Final = ("method", "path", "response_code", "response_flags", "response_code_details", "duration")


def lines(found: Sequence[Line], link: str) -> str:
    """Return lines, the newest first; `link` leads to a trace when its id is put behind it, empty is no link."""
    rows = (
        [_time(one.time_s), escape(one.labels.get("service_name", "")), escape(one.labels.get("level", "")),
         escape(_said(one.text)), _to_trace(one.labels.get(_TRACE, ""), link)]
        for one in sorted(found, key=lambda one: -one.time_s)
    )  # fmt: skip
    return _table(("time, UTC", "service", "level", "said", "trace"), rows)


def traces(found: Sequence[FoundTrace], link: str) -> str:
    """Return a list of traces, the latest first."""
    rows = (
        [_time(one.start_s), _to_trace(one.trace_id, link), escape(f"{one.service}: {one.name}"),
         f"{one.duration_ms:.1f} ms", str(one.spans), "failed" if one.failed else ""]
        for one in sorted(found, key=lambda one: -one.start_s)
    )  # fmt: skip
    return _table(("time, UTC", "trace", "began at", "took", "spans", ""), rows)


def waterfall(found: Sequence[SpanRow]) -> str:
    """Return the spans of one trace, each with its place in time."""
    whole = max((one.begin_ms + one.duration_ms for one in found), default=0.0) or 1.0
    return "".join(_span(one, whole) for one in found)


def _span(span: SpanRow, whole: float) -> str:
    left, width = 100 * span.begin_ms / whole, max(0.3, 100 * span.duration_ms / whole)
    colour = "#e02f44" if span.failed else "#3274d9"
    bar = f'<b style="margin-left:{left:.2f}%;width:{width:.2f}%;background:{colour}"></b>'
    name = escape(f"{span.service}: {span.name}")
    return (
        f'<div class="span"><span title="{name}" style="padding-left:{span.depth * 0.8:.1f}rem">{name}</span>'
        f"<i>{bar}</i><em>{span.duration_ms:.1f} ms</em></div>"
    )


def _said(text: str) -> str:
    """Return what a line says to a person: the message of a service, the answer of an access log, else all of it."""
    try:
        fields = json.loads(text)
    except ValueError:
        return text
    if not isinstance(fields, dict):
        return text
    return str(fields["message"]) if "message" in fields else _answer(fields) or text


def _answer(fields: Mapping[str, object]) -> str:
    return " ".join(str(fields[name]) for name in _OF_ACCESS if fields.get(name) not in (None, "", "-"))


def _to_trace(trace_id: str, link: str) -> str:
    shown = f"{escape(trace_id[:8])}…" if trace_id else ""
    return f'<a href="{escape(link + quote(trace_id))}">{shown}</a>' if trace_id and link else shown


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S.%f}"[:-3]


def _table(head: Sequence[str], rows: Iterable[list[str]]) -> str:
    titles = "".join(f"<th>{title}</th>" for title in head)
    body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in rows)
    return f'<table class="events"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'
