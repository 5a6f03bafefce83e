"""What SLO generators load into Prometheus for one objective: our rules, and rules of Sloth's and of Pyrra's shape.

Contract: each function takes an objective whose indicator is a ratio of two counters, the bad events as numerator, and
returns its rule groups. Ours are the compiler's own. The other two are written anew after what the projects publish, as
of 2026: the same number of records and alerts with expressions of the same cost, in our words. Sources of the shapes:

* Sloth, `prometheus/v1`, its defaults for 30 days: github.com/slok/sloth, `examples/_gen/getting-started.yml`
* Pyrra, a ratio over 4 weeks: github.com/pyrra-dev/pyrra, `slo/rules.go` and the expectations of `slo/rules_test.go`

Left out are the groups' own intervals (Pyrra asks for 30 s, and 2 min 30 s for the period's increase) so that all three
are evaluated equally often, and the texts of annotations, which are expanded only when an alert is active.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo.objective import Ratio
from slo.rules.groups import groups_of
from slo.rules.model import Group, Rule
from workbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slo.objective import Objective
    from slo.selector import Selector

_SLOTH_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
# Severity → two pairs of windows, each with how many times too fast the budget burns.
_SLOTH_ALERTS: Final = {
    "page": (("5m", "1h", "14.4"), ("30m", "6h", "6")),
    "ticket": (("2h", "1d", "3"), ("6h", "3d", "1")),
}
_PYRRA_WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "4d")
# Short window, long window, factor, waiting time, severity.
_PYRRA_ALERTS: Final = (
    ("5m", "1h", "14", "2m", "critical"),
    ("30m", "6h", "7", "15m", "critical"),
    ("2h", "1d", "2", "1h", "warning"),
    ("6h", "4d", "1", "3h", "warning"),
)
_PYRRA_PERIOD: Final = "4w"
_PYRRA_PERIOD_S: Final = 28 * 86400


@dataclass(frozen=True, slots=True)
class Shape:
    """A way of writing the rules of an objective."""

    name: str
    groups: Callable[[Objective], list[Group]]


def titanium(objective: Objective) -> list[Group]:
    """Return the rules that `titanium slo compile` writes."""
    return groups_of(objective)


def sloth(objective: Objective) -> list[Group]:
    """Return Sloth's shape: eight ratios with the window as a label, seven facts, two alerts, in three groups."""
    service, name = objective.service, objective.name
    labels = {"sloth_id": f"{service}-{name}", "sloth_service": service, "sloth_slo": name}
    mine = _braces(labels)
    return [
        Group(f"sloth-slo-sli-recordings-{service}-{name}", tuple(_sloth_ratios(objective, labels, mine))),
        Group(f"sloth-slo-meta-recordings-{service}-{name}", tuple(_sloth_facts(objective, labels, mine))),
        Group(f"sloth-slo-alerts-{service}-{name}", tuple(_sloth_alert(objective, mine, one) for one in _SLOTH_ALERTS)),
    ]


def _sloth_ratios(objective: Objective, labels: Mapping[str, str], mine: str) -> list[Rule]:
    bad, every = _selectors(objective)
    ratios = [
        Rule(
            f"(sum(rate({bad.text}[{window}]))) / (sum(rate({every.text}[{window}])))",
            record=f"slo:sli_error:ratio_rate{window}",
            labels={**labels, "sloth_window": window},
        )
        for window in _SLOTH_WINDOWS
    ]
    recorded = f"slo:sli_error:ratio_rate5m{mine}[30d]"
    period = f"sum_over_time({recorded}) / ignoring (sloth_window) count_over_time({recorded})"
    return [*ratios, Rule(period, record="slo:sli_error:ratio_rate30d", labels={**labels, "sloth_window": "30d"})]


def _sloth_facts(objective: Objective, labels: Mapping[str, str], mine: str) -> list[Rule]:
    budget = f"/ on(sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio{mine}"
    expressions = {
        "slo:objective:ratio": f"vector({objective.share:f})",
        "slo:error_budget:ratio": f"vector(1-{objective.share:f})",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"slo:sli_error:ratio_rate5m{mine} {budget}",
        "slo:period_burn_rate:ratio": f"slo:sli_error:ratio_rate30d{mine} {budget}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{mine}",
    }
    facts = {"sloth_objective": f"{100 * objective.share:f}", "sloth_spec": "prometheus/v1", "sloth_mode": "cli"}
    return [
        *(Rule(expression, record=record, labels=labels) for record, expression in expressions.items()),
        Rule("vector(1)", record="sloth_slo_info", labels={**labels, **facts}),
    ]


def _sloth_alert(objective: Objective, mine: str, severity: str) -> Rule:
    def over(window: str, factor: str) -> str:
        return f"(slo:sli_error:ratio_rate{window}{mine} > ({factor} * {objective.allowance:f}))"

    pairs = [
        f"({over(short, factor)} and ignoring (sloth_window) {over(long, factor)})"
        for short, long, factor in _SLOTH_ALERTS[severity]
    ]
    return Rule(" or ignoring (sloth_window) ".join(pairs), alert="HighErrorRate", labels={"sloth_severity": severity})


def pyrra(objective: Objective) -> list[Group]:
    """Return Pyrra's shape: the period's increase, seven burn rates, five figures, five alerts, in three groups."""
    bad, every = _selectors(objective)
    told = {one.label: one.value for one in every.matchers if one.operator == "="}
    labels = {**told, "slo": objective.name}
    return [
        Group(f"{objective.name}-increase", tuple(_pyrra_increase(bad, every, labels))),
        Group(objective.name, tuple(_pyrra_burn_rates(objective, bad, every, labels))),
        Group(f"{objective.name}-generic", tuple(_pyrra_generic(objective, bad, every, labels))),
    ]


def _pyrra_increase(bad: Selector, every: Selector, labels: Mapping[str, str]) -> list[Rule]:
    by = ", ".join(sorted({one.label for one in bad.matchers} - {one.label for one in every.matchers}))
    return [
        Rule(
            f"sum by ({by}) (increase({every.text}[{_PYRRA_PERIOD}]))",
            record=f"{_stem(every)}:increase{_PYRRA_PERIOD}",
            labels=labels,
        ),
        Rule(
            f"absent({every.text}) == 1",
            alert="SLOMetricAbsent",
            wait="2m",
            labels={**labels, "severity": "critical"},
        ),
    ]


def _pyrra_burn_rates(objective: Objective, bad: Selector, every: Selector, labels: Mapping[str, str]) -> list[Rule]:
    stem, mine = _stem(every), _braces(labels)
    records = [
        Rule(
            f"sum(rate({bad.text}[{window}])) / sum(rate({every.text}[{window}]))",
            record=f"{stem}:burnrate{window}",
            labels=labels,
        )
        for window in _PYRRA_WINDOWS
    ]
    alerts = []
    for short, long, factor, wait, severity in _PYRRA_ALERTS:
        limit = f"({factor} * (1-{objective.share:f}))"
        alerts.append(
            Rule(
                f"{stem}:burnrate{short}{mine} > {limit} and {stem}:burnrate{long}{mine} > {limit}",
                alert="ErrorBudgetBurn",
                wait=wait,
                labels={**labels, "short": short, "long": long, "severity": severity},
            )
        )
    return [*records, *alerts]


def _pyrra_generic(objective: Objective, bad: Selector, every: Selector, labels: Mapping[str, str]) -> list[Rule]:
    increase = f"{_stem(every)}:increase{_PYRRA_PERIOD}"
    mine = _braces(labels)
    conditions = ",".join(f'{one.label}{one.operator}"{one.value}"' for one in bad.matchers)
    errors = f'{increase}{{{conditions},slo="{objective.name}"}}'
    expressions = {
        "pyrra_objective": f"vector({objective.share:f})",
        "pyrra_window": f"vector({_PYRRA_PERIOD_S})",
        "pyrra_availability": f"1 - sum({errors} or vector(0)) / sum({increase}{mine})",
        "pyrra_requests_total": f"sum({every.text})",
        "pyrra_errors_total": f"sum({bad.text} or vector(0))",
    }
    return [Rule(expression, record=record, labels=labels) for record, expression in expressions.items()]


SHAPES: Final = (Shape("Titanium", titanium), Shape("Sloth's shape", sloth), Shape("Pyrra's shape", pyrra))


def _selectors(objective: Objective) -> tuple[Selector, Selector]:
    """Return the selectors of bad and of all events."""
    ratio = objective.indicator
    if isinstance(ratio, Ratio) and ratio.counter and not ratio.numerator_is_good:
        bad, every = ratio.numerator.selector, ratio.total.selector
        if bad is not None and every is not None:
            return bad, every
    raise UsageError(f"{objective.name}: only bad of all events, both counted by a selector, have all three shapes")


def _stem(selector: Selector) -> str:
    return selector.metric.removesuffix("_total")


def _braces(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
