"""What a change of an SLO does, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.explain import humanly
from slo.objective import Objective, Ratio
from slo.rules.policy import STANDARD, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def compare(before: Sequence[Objective], after: Sequence[Objective]) -> Iterator[str]:
    """Yield a sentence for every difference that somebody has to know; nothing where nothing changes."""
    old, new = ({one.name: one for one in side} for side in (before, after))
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{name}: is gone. Its records end, its alerts can fire no more, no budget is kept."
        elif name not in old:
            one = new[name]
            yield f"{name}: is new: {one.share:%} over {one.period.text}. Its budget begins whole; {_detection(one)}."
        else:
            yield from (f"{name}: {what}" for what in _changes(old[name], new[name]))


def _changes(old: Objective, new: Objective) -> Iterator[str]:
    if old.share != new.share:
        factor = float(new.allowance / old.allowance)
        word = "stricter" if new.share > old.share else "more lenient"
        yield (
            f"{word}: {old.share:%} becomes {new.share:%}, so that {factor:.3g} times as many events may be bad. "
            f"What was used of the budget counts {1 / factor:.3g} times as much; "
            f"{_detection(new)} (was: {_detection(old)})."
        )
    if old.period != new.period:
        yield (
            f"the window {_period(old)} becomes {_period(new)}: what happened before it is forgotten, "
            f"and {_detection(new)} (was: {_detection(old)})."
        )
    if old.method != new.method:
        yield f"counts by {new.method} instead of {old.method}: figures before and after cannot be compared."
    if old.indicator != new.indicator:
        yield f"measures something else: {_queries(old)} becomes {_queries(new)}. Figures cannot be compared."
    if old.service != new.service:
        yield f"moves from the service {old.service} to {new.service}: routes and dashboards by service change."
    if old.owner != new.owner:
        yield f"is owned by {new.owner or 'nobody'} instead of {old.owner or 'nobody'}."
    yield from _policies(old, new)


def _policies(old: Objective, new: Objective) -> Iterator[str]:
    before, after = ({(one.policy, one.name): one for one in side.conditions} for side in (old, new))
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            state = "is new" if key not in before else "is gone" if key not in after else "is changed"
            yield f"the alert policy {key[0]} {state}."
    if old.annotation("burn-rate-policy") != new.annotation("burn-rate-policy"):
        policy = new.annotation("burn-rate-policy") or STANDARD
        yield f"is watched by the burn-rate policy {policy}; {_detection(new)}."


def _detection(objective: Objective) -> str:
    row = rows_of(objective)[0]
    return f"a full outage alerts after {humanly(row.detection_s(float(objective.allowance), 1.0))}"


def _period(objective: Objective) -> str:
    return f"{objective.period.text} ({'rolling' if objective.period.rolls else 'of the calendar'})"


def _queries(objective: Objective) -> str:
    indicator = objective.indicator
    if isinstance(indicator, Ratio):
        kind = "good" if indicator.numerator_is_good else "bad"
        return f"{kind} {indicator.numerator.value} of {indicator.total.value}"
    return " and ".join(query.value for query in indicator.queries)
