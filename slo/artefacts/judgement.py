"""The gate's arithmetic as one PromQL expression: how far the bad events are from what is allowed, in standard errors.

    score = (bad - a * all) / sqrt(a * (1 - a) * all),  a the allowed share

The allowance lies outside of Wilson's interval exactly where the score lies outside of ±z: the interval is the score
test turned round (E. B. Wilson, JASA 22, 1927). So a score below -Z is a PASS, one above Z a FAIL, between them nothing
is shown. Without events it is 0/0, which is not a number and compares false both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.objective import Objective, Ratio
from slo.rules.recording import badness

if TYPE_CHECKING:
    from slo.query import Query


def score(objective: Objective, window: str, matchers: str = "") -> str:
    """Return the expression over a window such as `5m`; `matchers` are added to every selector, `a="b",c="d"`.

    What is not good is bad, so that with good events it is ((1 - a) * all - good) / sqrt(a * (1 - a) * all).
    """
    counted, every = counts(objective, window, matchers)
    a, kept = objective.allowance, objective.share
    good = isinstance(objective.indicator, Ratio) and objective.indicator.numerator_is_good
    difference = f"{kept:f} * {every} - {counted}" if good else f"{counted} - {a:f} * {every}"
    return f"({difference}) / sqrt({a * kept:f} * {every})"


def counts(objective: Objective, window: str, matchers: str = "") -> tuple[str, str]:
    """Return the expressions of the counted events (good or bad, as the indicator says) and of all events in a window.

    A moment of an objective that counts time slices is one bad or good event, one a slice.
    """
    indicator = objective.indicator
    if isinstance(indicator, Ratio):
        every = _increase(indicator.total, window, matchers, counter=indicator.counter)
        counted = _increase(indicator.numerator, window, matchers, counter=indicator.counter)
        return f"({counted} or 0 * {every})", every
    slices = f"({badness(indicator)})[{window}:{indicator.slice_s}s]"
    return f"sum_over_time({slices})", f"count_over_time({slices})"


def _increase(query: Query, window: str, matchers: str, *, counter: bool) -> str:
    text = with_matchers(query, matchers)
    if text is None:
        template = query.template or query.value
        return f"sum({template.replace('rate(', 'increase(').replace('{{.window}}', window)})"
    return f"sum({'increase' if counter else 'sum_over_time'}({text}[{window}]))"


def with_matchers(query: Query, matchers: str) -> str | None:
    """Return a query's selector with more matchers, `a="b",c="d"`; None where the query is more than a selector."""
    if query.selector is None:
        return None
    text = query.selector.text
    body = text[text.index("{") + 1 : -1] if "{" in text else ""
    return f"{query.selector.metric}{{{','.join(filter(None, (body, matchers)))}}}" if matchers else text
