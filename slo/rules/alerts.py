"""Alerts of one objective: on the product of total and allowance, never on a quotient, over two windows at once.

`errors > burn rate * allowance * total` needs no division: no traffic alerts nobody, and nothing is NaN. The long
window gives significance, the short one ends the alert soon after the trouble ends, and a minimum number of failures
keeps one failure among few requests from waking anybody. A target that is gone has no records: absence is an alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo import duration
from slo.duration import MINUTE
from slo.links import dashboard_url, runbook_url
from slo.objective import Ratio
from slo.rules import names
from slo.rules.model import Rule
from slo.rules.recording import LONGEST_RAW_S, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.objective import BurnCondition, Objective
    from slo.rules.policy import BurnRow

ABSENT_FOR_S: Final = 10 * MINUTE
_NEGATED: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


@dataclass(frozen=True)
class Links:
    """Where an alert leads; `{slo}` stands for the objective's name."""

    runbook: str = runbook_url("{slo}")
    dashboard: str = dashboard_url("slo", slo="{slo}")


def alerting_rules(objective: Objective, rows: Sequence[BurnRow], links: Links) -> Iterator[Rule]:
    """Yield the alerts; alert policies that the SLO's author wrote stand beside the named one, not instead of it."""
    for row in rows:
        yield _burn(objective, row, links)
    yield _absent(objective, links)
    for condition in objective.conditions:
        yield from _conditions(objective, condition, links)


def counts_events(objective: Objective) -> bool:
    """Whether the indicator counts events, so that a number of failures means something."""
    return isinstance(objective.indicator, Ratio) and objective.indicator.counter


def limit(objective: Objective, row: BurnRow, window: str) -> str:
    """Return the condition on one window of a row."""
    errors, total = names.of(names.errors(window), objective.name), names.of(names.total(window), objective.name)
    return f"{errors} > {row.burn_rate:f} * {objective.allowance:f} * {total}"


def _burn(objective: Objective, row: BurnRow, links: Links) -> Rule:
    parts = [limit(objective, row, row.long), limit(objective, row, row.short)]
    if counts_events(objective):
        parts.append(f"{_failures(objective, row)} >= {row.minimum_failures}")
    share = _query(
        f"100 * {names.of(names.errors(row.long), objective.name)} / {names.of(names.total(row.long), objective.name)}"
    )
    return Rule(
        "\nand ".join(parts),
        alert=names.BURN_ALERT,
        labels={
            **labels_of(objective),
            **_owner(objective),
            "severity": row.severity,
            "long_window": row.long,
            "short_window": row.short,
        },
        annotations={
            "summary": f"The error budget of {objective.name} burns too fast",
            "description": (
                f"{objective.display_name}: over {row.long} {share} % of the events were bad, "
                f"{_percent(objective)} % may be. The budget of {objective.period.text} burns more than "
                f"{row.burn_rate:f} times too fast."
            ),
            **_links(objective, links),
        },
    )


def _failures(objective: Objective, row: BurnRow) -> str:
    """Return the number of failures in a row's long window.

    A mean of five-minute rates is one over the time for which there are any: soon after the first record, one failure
    would stand for many. So these are added up, one rate for every five minutes.
    """
    if row.long_s <= LONGEST_RAW_S:
        return f"{row.long_s} * {names.of(names.errors(row.long), objective.name)}"
    base = names.BASE_WINDOW
    rates = f"{names.of(names.errors(base), objective.name)}[{row.long}:{base}]"
    return f"{duration.from_promql(base)} * sum_over_time({rates})"


def _absent(objective: Objective, links: Links) -> Rule:
    return Rule(
        f"absent({names.of(names.total(names.BASE_WINDOW), objective.name)})",
        alert=names.ABSENT_ALERT,
        wait=duration.promql(ABSENT_FOR_S),
        labels={**labels_of(objective), **_owner(objective), "severity": "critical"},
        annotations={
            "summary": f"{objective.name} has no data",
            "description": (
                f"{objective.display_name}: no metric of this objective has arrived for ten minutes. "
                "Whether users are served is not known, and no other alert of this objective can fire."
            ),
            **_links(objective, links),
        },
    )


def _conditions(objective: Objective, condition: BurnCondition, links: Links) -> Iterator[Rule]:
    window = duration.promql(condition.lookback_s)
    wait = duration.promql(condition.after_s) if condition.after_s else ""
    errors, total = names.of(names.errors(window), objective.name), names.of(names.total(window), objective.name)
    labels = {
        **labels_of(objective),
        **_owner(objective),
        "severity": condition.severity,
        "policy": condition.policy,
        **({"condition": condition.name} if condition.name else {}),
        **({"notify": ",".join(condition.targets)} if condition.targets else {}),
    }
    burning = f"{errors} {condition.comparison} {condition.threshold:f} * {objective.allowance:f} * {total}"
    annotations = {
        "summary": f"{objective.name}: the alert policy {condition.policy} holds",
        "description": condition.description
        or f"Over {window} the budget burns {condition.comparison} {condition.threshold:f} times as fast as it may.",
        **_links(objective, links),
    }
    if condition.when_breaching:
        yield Rule(
            f"{burning}\nand {total} > 0",
            alert=names.CONDITION_ALERT,
            wait=wait,
            labels={**labels, "when": "breaching"},
            annotations=annotations,
        )
    if condition.when_resolved:
        calm = f"{errors} {_NEGATED[condition.comparison]} {condition.threshold:f} * {objective.allowance:f} * {total}"
        before = f"max_over_time(({errors} - {condition.threshold:f} * {objective.allowance:f} * {total})[{window}:1m])"
        yield Rule(
            f"{calm}\nand {before} > 0",
            alert=names.CONDITION_ALERT,
            labels={**labels, "when": "resolved"},
            annotations={**annotations, "summary": f"{objective.name}: the alert policy {condition.policy} is over"},
        )
    if condition.when_no_data:
        yield Rule(
            f"absent({total})",
            alert=names.CONDITION_ABSENT_ALERT,
            wait=wait or duration.promql(MINUTE),
            labels={**labels, "when": "no-data"},
            annotations={**annotations, "summary": f"{objective.name} has no data"},
        )


def _query(expression: str) -> str:
    """Return a template of the value of an expression with three digits."""
    quoted = expression.replace('"', '\\"')
    return f'{{{{ with query "{quoted}" }}}}{{{{ . | first | value | printf "%.3g" }}}}{{{{ end }}}}'


def _percent(objective: Objective) -> str:
    return f"{(100 * objective.allowance).normalize():f}"


def _owner(objective: Objective) -> dict[str, str]:
    return {"owner": objective.owner} if objective.owner else {}


def _links(objective: Objective, links: Links) -> dict[str, str]:
    return {
        "runbook_url": objective.annotation("runbook-url") or links.runbook.format(slo=objective.name),
        "dashboard_url": objective.annotation("dashboard-url") or links.dashboard.format(slo=objective.name),
    }
