"""The runbook page of an objective; what people write between the markers survives every regeneration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slo.explain import humanly
from slo.objective import Objective, Sliced
from slo.rules import names
from slo.rules.policy import rows_of
from slo.rules.recording import badness

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS: Final = ("Meaning", "Impact", "Diagnosis", "Mitigation")
_BEGIN, _END = "<!-- {section}, by hand: begin -->", "<!-- {section}, by hand: end -->"
_NOTHING_YET: Final = "_Nothing written yet: what helped the last time belongs here._"


def lines(objective: Objective, existing: str = "") -> Iterator[str]:
    """Yield the page; `existing` is the page as it is now, from which the hand-written parts are kept."""
    yield f"# {objective.name}"
    yield ""
    yield f"{objective.display_name}."
    for section, generated in (
        ("Meaning", _meaning(objective)),
        ("Impact", _impact(objective)),
        ("Diagnosis", _diagnosis(objective)),
        ("Mitigation", _mitigation()),
    ):
        yield ""
        yield f"## {section}"
        yield ""
        yield from generated
        yield ""
        yield _BEGIN.format(section=section)
        yield from kept(existing, section)
        yield _END.format(section=section)


def kept(page: str, section: str) -> list[str]:
    """Return the lines that stand between a section's markers; the invitation to write some where there are none."""
    begin, end = _BEGIN.format(section=section), _END.format(section=section)
    if begin not in page or end not in page.split(begin, 1)[1]:
        return [_NOTHING_YET]
    return page.split(begin, 1)[1].split(end, 1)[0].strip("\n").splitlines() or [_NOTHING_YET]


def _meaning(objective: Objective) -> Iterator[str]:
    yield objective.description or f"{objective.display_name} ({objective.service})."
    yield ""
    yield f"* Objective: {objective.share:%} over {objective.period.text}; {objective.allowance:%} may be bad."
    yield f"* `{names.BURN_ALERT}`: the budget burns too fast, over a long and a short window at once:"
    for row in rows_of(objective):
        after = humanly(row.detection_s(float(objective.allowance), 1.0))
        share = row.burn_rate * row.long_s / objective.period.seconds
        yield (
            f"  * {row.severity}: {row.burn_rate:f} times too fast over {row.long} and {row.short}; "
            f"{share:.0%} of the budget is then gone. A full outage fires it after {after}."
        )
    yield f"* `{names.ABSENT_ALERT}`: no metric of this objective arrives; nobody knows how users fare."


def _impact(objective: Objective) -> Iterator[str]:
    yield (
        f"Users of **{objective.service}** get bad answers more often than promised. Each of them comes out of the "
        f"budget of {objective.period.text}; when that is gone, the promise is broken until the period has recovered."
    )


def _diagnosis(objective: Objective) -> Iterator[str]:
    name = objective.name
    yield "How bad is it now, and what is left? (PromQL, to be pasted)"
    yield ""
    yield "```promql"
    yield f"{names.of(names.errors(names.BASE_WINDOW), name)} / {names.of(names.total(names.BASE_WINDOW), name)}"
    yield names.of(names.BURN_RATE, name)
    if objective.period.rolls:
        yield names.of(names.BUDGET_REMAINING, name)
    yield "```"
    yield ""
    yield "What the objective counts:"
    yield ""
    yield "```promql"
    indicator = objective.indicator
    if isinstance(indicator, Sliced):
        yield badness(indicator)
    else:
        for query in indicator.queries:
            yield query.over(300, counter=indicator.counter)
    yield "```"
    yield ""
    yield "What the budget has seen, and what an alert means:"
    yield ""
    yield "```sh"
    yield f"titanium slo report --slo {name}"
    yield f"titanium slo explain --slo {name}"
    yield "```"


def _mitigation() -> Iterator[str]:
    yield "1. Did something change? Roll it back first, find the cause afterwards."
    yield "2. Is it one version, one instance, one route? Take it out of traffic."
    yield "3. Is it a dependency, or more traffic than the service holds? Shed load, raise capacity, switch it off."
    yield "4. Is the budget used up? Stop risky changes until the period has recovered."
