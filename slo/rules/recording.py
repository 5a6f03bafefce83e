"""Recording rules of one objective.

Two rates are recorded, errors and total, and never their quotient: a mean of quotients weighs an idle hour like a busy
one. Windows up to six hours are read from the metrics, longer ones are means of the five-minute records. No error
series means no errors (`or` zero of the total), no traffic means zero and not NaN, no target means no record at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slo import duration
from slo.duration import HOUR
from slo.objective import Ratio, Sliced
from slo.rules import names
from slo.rules.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.objective import Objective
    from slo.query import Query
    from slo.rules.policy import BurnRow

LONGEST_RAW_S: Final = 6 * HOUR
_BASE_S: Final = duration.from_promql(names.BASE_WINDOW)


def recording_rules(objective: Objective, rows: Sequence[BurnRow]) -> Iterator[Rule]:
    """Yield the records that the objective's alerts and reports rest on, in the order in which they need each other."""
    labels = labels_of(objective)
    indicator = objective.indicator
    if isinstance(indicator, Sliced):
        yield Rule(badness(indicator), record=names.BADNESS, labels=labels)
    for window_s in windows(objective, rows):
        window = duration.promql(window_s)
        yield Rule(_total(objective, window_s), record=names.total(window), labels=labels)
        yield Rule(_errors(objective, window_s), record=names.errors(window), labels=labels)


def budget_rules(objective: Objective, rows: Sequence[BurnRow]) -> Iterator[Rule]:
    """Yield what people read: the period's figures, how fast the budget burns, and what the SLO is.

    A calendar's period begins where no rule can look; only a rolling one is recorded, `titanium slo report` has both.
    """
    labels, name, allowance = labels_of(objective), objective.name, f"{objective.allowance:f}"
    yield Rule(_share_of_budget(name, rows[0].long, allowance), record=names.BURN_RATE, labels=labels)
    if objective.period.rolls:
        window = objective.period.promql
        all_events = names.of(names.total(window), name)
        used = f"{names.of(names.errors(window), name)} / ({all_events} > 0)"
        yield Rule(f"1 - {used}", record=names.PERIOD_SLI, labels=labels)
        yield Rule(f"1 - ({_share_of_budget(name, window, allowance)})", record=names.BUDGET_REMAINING, labels=labels)
    yield Rule(f"vector({objective.share:f})", record=names.OBJECTIVE, labels=labels)
    yield Rule("vector(1)", record=names.INFO, labels={**labels, **_facts(objective)})


def labels_of(objective: Objective) -> dict[str, str]:
    """Return the labels of everything that is recorded for an objective."""
    return {names.SLO: objective.name, names.SERVICE: objective.service}


def windows(objective: Objective, rows: Sequence[BurnRow]) -> list[int]:
    """Return every window in seconds that is recorded, ascending: the base is there before what is made of it."""
    wanted = {_BASE_S, *(one.long_s for one in rows), *(one.short_s for one in rows)}
    wanted |= {one.lookback_s for one in objective.conditions}
    if objective.period.rolls:
        wanted.add(objective.period.seconds)
    return sorted(wanted)


def badness(sliced: Sliced) -> str:
    """Return how bad the latest moment is, 0 to 1. What is not a number is a moment without data, not a bad one."""
    window = duration.promql(sliced.slice_s)
    if sliced.ratio is not None:
        total, errors = event_rates(sliced.ratio, sliced.slice_s)
        if sliced.target is not None:
            return f"({errors}) > bool {1 - sliced.target:f} * {total}"
        return f"({errors}) / ({total} > 0) or 0 * {total}"
    if sliced.threshold is not None:
        good = f"avg(({_at_any_moment(sliced.threshold, window)} > -Inf) {sliced.comparison})"
    elif sliced.raw is not None:
        share = f"avg({_at_any_moment(sliced.raw, window)} > -Inf)"
        good = share if sliced.raw_is_good else f"1 - {share}"
    else:  # pragma: no cover - one of the three is measured
        raise ValueError(sliced)
    if sliced.target is not None:
        return f"avg_over_time(({good})[{window}:]) < bool {sliced.target:f}"
    return f"clamp(1 - ({good}), 0, 1)"


def _at_any_moment(query: Query, window: str) -> str:
    return f"({query.template.replace('{{.window}}', window) if query.template else query.value})"


def _total(objective: Objective, window_s: int) -> str:
    window = duration.promql(window_s)
    if isinstance(objective.indicator, Sliced):
        # A moment is one event: where there is data, there is one of one.
        return f"0 * avg_over_time({names.of(names.BADNESS, objective.name)}[{window}]) + 1"
    if window_s > LONGEST_RAW_S:
        return f"avg_over_time({names.of(names.total(names.BASE_WINDOW), objective.name)}[{window}])"
    return objective.indicator.total.over(window_s, counter=objective.indicator.counter)


def _errors(objective: Objective, window_s: int) -> str:
    window, indicator = duration.promql(window_s), objective.indicator
    if isinstance(indicator, Sliced):
        return f"avg_over_time({names.of(names.BADNESS, objective.name)}[{window}])"
    if window_s > LONGEST_RAW_S:
        return f"avg_over_time({names.of(names.errors(names.BASE_WINDOW), objective.name)}[{window}])"
    # Recorded just before, in the same group; sum() takes its labels away.
    return _bad(indicator, window_s, f"sum({names.of(names.total(window), objective.name)})")


def event_rates(ratio: Ratio, window_s: int) -> tuple[str, str]:
    """Return the expressions of all events and of the bad ones per second over a window."""
    total = ratio.total.over(window_s, counter=ratio.counter)
    return total, _bad(ratio, window_s, total)


def _bad(ratio: Ratio, window_s: int, total: str) -> str:
    counted = f"{ratio.numerator.over(window_s, counter=ratio.counter)} or 0 * {total}"
    return f"clamp_min({total} - ({counted}), 0)" if ratio.numerator_is_good else counted


def _share_of_budget(name: str, window: str, allowance: str) -> str:
    """Return errors as a multiple of what the budget allows; no traffic uses nothing."""
    all_events = names.of(names.total(window), name)
    return f"{names.of(names.errors(window), name)} / ({allowance} * ({all_events} > 0)) or 0 * {all_events}"


def _facts(objective: Objective) -> dict[str, str]:
    facts = {
        "objective": f"{objective.share:f}",
        "window": objective.period.text,
        "method": objective.method,
        "display_name": objective.display_name,
        "owner": objective.owner,
        "sha256": objective.sha256[:12],
    }
    return {key: value for key, value in facts.items() if value}
