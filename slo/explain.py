"""Rules in words: which SLO, which formula, from which source, what it costs, and when an alert would fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo import duration
from slo.duration import DAY, HOUR, MINUTE
from slo.objective import Objective, Ratio, Sliced
from slo.rules import names
from slo.rules.alerts import ABSENT_FOR_S, counts_events
from slo.rules.groups import groups_of
from slo.rules.policy import rows_of
from slo.rules.recording import LONGEST_RAW_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.rules.model import Rule
    from slo.rules.policy import BurnRow


@dataclass(frozen=True)
class Explained:
    """One rule and what it says."""

    rule: Rule
    sentence: str

    @property
    def title(self) -> str:
        window = self.rule.labels.get("long_window", "")
        return f"{self.rule.record or self.rule.alert}{f' ({window})' if window else ''}"


def explain(objective: Objective) -> Iterator[Explained]:
    """Yield every rule of an objective with its sentence."""
    rows = {row.long: row for row in rows_of(objective)}
    for group in groups_of(objective):
        for rule in group.rules:
            yield Explained(rule, _sentence(objective, rule, rows))


def humanly(seconds: float) -> str:
    """Return a time as people say it: `52 s`, `4.3 min`, `1.5 h`, `3 d`."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _sentence(objective: Objective, rule: Rule, rows: dict[str, BurnRow]) -> str:
    if rule.alert == names.BURN_ALERT:
        return _burn(objective, rows[rule.labels["long_window"]])
    if rule.alert == names.ABSENT_ALERT:
        return (
            f"Fires when {objective.name} has had no data for {humanly(ABSENT_FOR_S)}: a target that is gone has no "
            "errors, and must not look healthy. Costs one lookup an evaluation."
        )
    if rule.alert:
        return (
            f"The alert policy {rule.labels.get('policy', '')} of the SLO's own file, case "
            f"{rule.labels.get('when', '')}{f', after {rule.wait}' if rule.wait else ''}."
        )
    return _record(objective, rule)


def _burn(objective: Objective, row: BurnRow) -> str:
    allowance, rate = float(objective.allowance), float(row.burn_rate)
    after = row.detection_s(allowance, 1.0)
    budget = rate * row.long_s / objective.period.seconds
    least = (
        f" At least {row.minimum_failures} failures in {row.long} are needed, whatever their share."
        if counts_events(objective)
        else ""
    )
    return (
        f"{row.severity}: fires when over {row.long} and over {row.short} more than {rate:g} x {allowance:g} = "
        f"{rate * allowance:.4g} of the events are bad, which is when {budget:.1%} of the budget of "
        f"{objective.period.text} is gone. A full outage fires it after {humanly(after)} "
        f"({rate:g} x {allowance:g} x {row.long_s} s / 1), an outage of every tenth event "
        f"{_tenth(after, row)}.{least} Ends {row.short} after the trouble at the latest. Source: the Site Reliability "
        "Workbook, chapter 5."
    )


def _tenth(after: float, row: BurnRow) -> str:
    slow = after * 10
    return f"after {humanly(slow)}" if slow <= row.long_s else "never (that is slower than this row looks for)"


def _record(objective: Objective, rule: Rule) -> str:
    record = rule.record
    for kind, what in (("slo:sli_errors:rate", "bad"), ("slo:sli_total:rate", "all")):
        if record.startswith(kind):
            return _rate(objective, what, record.removeprefix(kind))
    return {
        names.BADNESS: f"How bad the latest moment of {objective.name} is, 0 to 1; means over windows are shares.",
        names.BURN_RATE: "How many times faster than allowed the budget burns; 1 uses it up at the period's end.",
        names.PERIOD_SLI: f"The share of good events over {objective.period.text}, weighted by traffic.",
        names.BUDGET_REMAINING: f"What is left of the budget of {objective.period.text}: 1 - bad / (allowance x all).",
        names.OBJECTIVE: "The promised share, for dashboards that draw the line.",
        names.INFO: "Who answers for the SLO and which version of its file the rules were made from.",
    }[record]


def _rate(objective: Objective, what: str, window: str) -> str:
    indicator = objective.indicator
    if isinstance(indicator, Sliced):
        return f"{what.capitalize()} moments over {window} as a share of the moments with data."
    assert isinstance(indicator, Ratio)  # noqa: S101 - the only other shape
    if duration.from_promql(window) > LONGEST_RAW_S:
        return (
            f"{what.capitalize()} events per second over {window}: the mean of the five-minute records; "
            "costs their reading."
        )
    source = indicator.total.value if what == "all" else indicator.numerator.value
    how = ", what is not good" if what == "bad" and indicator.numerator_is_good else ""
    return (
        f"{what.capitalize()} events per second over {window}{how}, from {source}; "
        "costs reading that much of the metric."
    )
