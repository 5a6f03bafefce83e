"""The rules of three generators for one objective: PromQL throughout, and the number of rules that each publishes."""

from __future__ import annotations

import dataclasses
from collections import Counter

import promql_parser
import pytest
import yaml

from slo.objective import Ratio
from slo.resolve import load_objectives
from slo.rules.model import Rule, lines
from workbench.bench.slo_runner import TEMPLATE
from workbench.bench.slo_shapes import SHAPES, Shape, pyrra, sloth
from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT

OBJECTIVE = load_objectives([CHECKOUT / TEMPLATE])[0]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


def rules(shape: Shape) -> list[Rule]:
    return [rule for group in shape.groups(OBJECTIVE) for rule in group.rules]


@every_shape
def test_every_expression_is_promql(shape: Shape) -> None:
    for rule in rules(shape):
        promql_parser.parse(rule.expr)


@every_shape
def test_every_rule_is_either_a_record_or_an_alert_and_no_series_is_recorded_twice(shape: Shape) -> None:
    found = rules(shape)
    assert all(bool(rule.record) != bool(rule.alert) for rule in found)
    recorded = Counter((rule.record, tuple(sorted(rule.labels.items()))) for rule in found if rule.record)
    assert set(recorded.values()) == {1}


@every_shape
def test_a_shape_reads_only_the_counter_and_what_it_has_recorded(shape: Shape) -> None:
    found = rules(shape)
    known = {"istio_requests_total"} | {rule.record for rule in found}
    assert {name for rule in found for name in metrics(promql_parser.parse(rule.expr))} <= known


@every_shape
def test_a_shape_is_written_as_a_rule_file(shape: Shape) -> None:
    document = yaml.safe_load("\n".join(lines(shape.groups(OBJECTIVE))))
    assert sum(len(group["rules"]) for group in document["groups"]) == len(rules(shape))


def test_sloth_records_eight_ratios_and_seven_facts_and_alerts_twice() -> None:
    ratios, facts, alerts = sloth(OBJECTIVE)
    assert [rule.labels["sloth_window"] for rule in ratios.rules] == ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"]
    assert len(facts.rules) == 7
    assert [rule.labels["sloth_severity"] for rule in alerts.rules] == ["page", "ticket"]


def test_pyrra_records_increase_burn_rates_and_figures_and_alerts_five_times() -> None:
    increase, rates, generic = pyrra(OBJECTIVE)
    assert increase.rules[0].record == "istio_requests:increase4w"
    assert increase.rules[0].expr.startswith("sum by (response_code) (increase(")
    assert [rule.alert for rule in increase.rules] == ["", "SLOMetricAbsent"]
    records = [rule.record.partition("burnrate")[2] for rule in rates.rules if rule.record]
    assert records == ["5m", "30m", "1h", "2h", "6h", "1d", "4d"]
    assert [rule.labels["long"] for rule in rates.rules if rule.alert] == ["1h", "6h", "1d", "4d"]
    assert len(generic.rules) == 5


def test_an_objective_that_is_told_by_good_events_is_refused() -> None:
    assert isinstance(OBJECTIVE.indicator, Ratio)
    told_by_good = dataclasses.replace(
        OBJECTIVE, indicator=dataclasses.replace(OBJECTIVE.indicator, numerator_is_good=True)
    )
    with pytest.raises(UsageError, match="only bad of all events"):
        sloth(told_by_good)


def metrics(node: object) -> set[str]:
    """Every metric that an expression selects."""
    if isinstance(node, promql_parser.VectorSelector):
        return {str(node.name)}
    children = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
    arguments = getattr(node, "args", None) or []
    return {name for child in [*children, *arguments] if child is not None for name in metrics(child)}
