"""Error budgets as JSON, Markdown, and one page of HTML that opens from a file."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from slo.explain import humanly
from workbench.reports.page import STYLE, table
from workbench.reports.svg import Line, lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.slo.report import Report


def as_json(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return the figures; shares and rates are numbers, times epoch seconds."""
    return [
        {
            "slo": one.objective.name,
            "service": one.objective.service,
            "owner": one.objective.owner,
            "objective": float(one.objective.share),
            "window": one.objective.period.text,
            "began_at": one.began_at,
            "now": one.now,
            "state": one.state,
            "bad_share": one.budget.bad_share if one.budget else None,
            "budget_remaining": one.budget.remaining if one.budget else None,
            "burn_rate": one.budget.burn_rate if one.budget else None,
            "exhausted_in_s": one.budget.exhausted_in_s(one.objective.period.seconds) if one.budget else None,
            "covered": one.budget.covered if one.budget else 0.0,
            "worst_hours": [
                {"time": hour.time, "bad_share": hour.bad_share, "budget_used": hour.used} for hour in one.worst
            ],
            "firing": list(one.firing),
            "sha256": one.objective.sha256,
        }
        for one in reports
    ]


def row(one: Report) -> tuple[str, ...]:
    """Return an objective as cells: name, promise, kept, budget left, burn rate, gone in, state."""
    promise = f"{one.objective.share:%} / {one.objective.period.text}"
    if one.budget is None:
        return (one.objective.name, promise, "-", "-", "-", "-", one.state)
    burn = one.budget.burn_rate
    gone = one.budget.exhausted_in_s(one.objective.period.seconds)
    return (
        one.objective.name,
        promise,
        f"{1 - one.budget.bad_share:.3%}",
        f"{one.budget.remaining:.1%}",
        "-" if burn is None else f"{burn:.2g}",
        "never" if gone is None else humanly(gone),
        one.state,
    )


HEADINGS = ("objective", "promised", "kept", "budget left", "burn rate", "gone in", "state")


def as_markdown(reports: Sequence[Report]) -> str:
    """Return a table for a pull request."""
    body = [f"| {' | '.join(row(one))} |" for one in reports]
    return "\n".join([f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}", *body]) + "\n"


def as_html(reports: Sequence[Report]) -> str:
    """Return the page: all budgets at a glance, then each with its plots, its worst hours, and what if."""
    summary = table(HEADINGS, ((escape(cell) for cell in row(one)) for one in reports))
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Error budgets</title><style>{STYLE}</style></head><body>",
            "<h1>Error budgets</h1>",
            f'<p class="soft">as of {_when(max((one.now for one in reports), default=0.0))} UTC</p>',
            f'<div class="card">{summary}</div>',
            *(_section(one) for one in reports),
            "</body></html>\n",
        ]
    )


def _section(one: Report) -> str:
    objective = one.objective
    head = (
        f"<h2>{escape(objective.display_name)} <small>{escape(objective.name)}, {objective.share:%} over "
        f"{escape(objective.period.text)}</small></h2>"
    )
    if one.budget is None:
        return f"{head}<p>No data: nothing is known about this objective.</p>"
    left = Line("budget left", [(time, 100 * value) for time, value in one.remaining], "bar")
    burn = Line("burn rate", one.burn_rate, "bar")
    worst = table(
        ("hour (UTC)", "bad events", "budget used"),
        ((_when(hour.time), f"{hour.bad_share:.3%}", f"{hour.used:.2%}") for hour in one.worst),
    )
    what_if = table(
        ("if it burned", "the budget would be gone in"),
        ((f"{rate:g} times too fast", humanly(seconds or 0.0)) for rate, seconds in one.what_if()),
    )
    firing = "".join(f'<p class="FAIL">firing: {escape(name)}</p>' for name in one.firing)
    return (
        f'{head}<div class="card"><p><b>{one.budget.remaining:.1%}</b> of the budget is left; '
        f"{1 - one.budget.bad_share:.3%} of the events were good. {one.budget.covered:.0%} of the period has data.</p>"
        f"{firing}{lines([left], unit='%', limit=0.0)}{lines([burn], unit='x', limit=1.0)}"
        f"<h3>Where it went</h3>{worst if one.worst else '<p>No bad event.</p>'}<h3>What if</h3>{what_if}</div>"
    )


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
