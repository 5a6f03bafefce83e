"""The rules of an objective: what is recorded, what alerts, and how numbers are written."""

import re
from decimal import Decimal
from pathlib import Path

import promql_parser
import pytest
from ruamel.yaml import YAML

from slo.rules import names
from slo.rules.groups import groups_of
from slo.rules.model import Rule, lines
from tests.unit.slo.builders import RAW, THRESHOLD, objective, ratio, text

SLICES = "target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1m"


def rules(folder: Path, written: str = "") -> list[Rule]:
    return [rule for group in groups_of(objective(folder, written)) for rule in group.rules]


def record(found: list[Rule], name: str) -> str:
    (one,) = [rule for rule in found if rule.record == name]
    return one.expr


def test_no_error_series_is_no_error(tmp_path: Path) -> None:
    found = rules(tmp_path)

    assert record(found, "slo:sli_total:rate5m") == "sum(rate(requests_total[5m]))"
    assert record(found, "slo:sli_errors:rate5m") == (
        'sum(rate(requests_total{code="500"}[5m])) or 0 * sum(slo:sli_total:rate5m{slo="answers"})'
    )


def test_what_is_not_good_is_bad_and_never_less_than_none(tmp_path: Path) -> None:
    found = rules(tmp_path, text(ratio("good", 'requests_total{code!~"5.."}')))

    assert record(found, "slo:sli_errors:rate1h").startswith('clamp_min(sum(slo:sli_total:rate1h{slo="answers"}) - (')
    assert record(found, "slo:sli_errors:rate1h").endswith("), 0)")


def test_long_windows_are_means_of_the_five_minute_records(tmp_path: Path) -> None:
    found = rules(tmp_path)

    assert record(found, "slo:sli_errors:rate6h").startswith("sum(rate(")
    for window in ("1d", "3d", "30d"):
        assert record(found, f"slo:sli_errors:rate{window}") == (
            f'avg_over_time(slo:sli_errors:rate5m{{slo="answers"}}[{window}])'
        )


def test_every_window_that_an_alert_reads_is_recorded_before_it(tmp_path: Path) -> None:
    recorded: set[str] = set()
    for rule in rules(tmp_path):
        read = set(re.findall(r"slo:[a-z_:]+[a-z0-9]+", rule.expr))
        assert read <= recorded, rule
        recorded.add(rule.record)


def test_all_records_of_an_objective_have_the_same_labels(tmp_path: Path) -> None:
    labels = {tuple(rule.labels) for rule in rules(tmp_path) if rule.record and rule.record != names.INFO}

    assert labels == {("slo", "service")}


def test_alerts_compare_products_and_never_divide(tmp_path: Path) -> None:
    burning = [rule for rule in rules(tmp_path) if rule.alert == names.BURN_ALERT]

    assert len(burning) == 4
    assert all("/" not in rule.expr for rule in burning)
    assert all(rule.expr.count("\nand ") == 2 for rule in burning)


@pytest.mark.parametrize("target", ["0.999", "0.9995", "0.99", "0.995", "0.9333"])
def test_numbers_are_written_as_people_write_them(target: str, tmp_path: Path) -> None:
    expressions = [rule.expr for rule in rules(tmp_path, text(promise=f"target: {target}"))]

    assert any(f"* {1 - Decimal(target):f} *" in one for one in expressions)
    assert not any(re.search(r"\d\.\d{7,}", one) for one in expressions)


def test_alerts_lead_to_runbook_and_dashboard(tmp_path: Path) -> None:
    for rule in (one for one in rules(tmp_path) if one.alert):
        assert {"summary", "description", "runbook_url", "dashboard_url"} == set(rule.annotations)
        assert "{{" not in rule.annotations["summary"], "a static summary groups notifications"
        assert rule.labels["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize(
    ("indicator", "promise", "method", "expected"),
    [
        (THRESHOLD.format(query="queue_length"), "target: 0.99, op: lte, value: 10", "Occurrences",
         "clamp(1 - (avg(((queue_length) > -Inf) <= bool 10)), 0, 1)"),
        (RAW.format(kind="success", query="up_ratio"), "target: 0.99", "Occurrences",
         "clamp(1 - (avg((up_ratio) > -Inf)), 0, 1)"),
        (RAW.format(kind="failure", query="down_ratio"), SLICES, "Timeslices",
         "avg_over_time((1 - avg((down_ratio) > -Inf))[1m:]) < bool 0.95"),
        (ratio(), SLICES, "Timeslices",
         '(sum(rate(requests_total{code="500"}[1m])) or 0 * sum(rate(requests_total[1m]))) > bool 0.05 '
         "* sum(rate(requests_total[1m]))"),
    ],
)  # fmt: skip
def test_moments_have_a_badness_between_0_and_1(
    indicator: str, promise: str, method: str, expected: str, tmp_path: Path
) -> None:
    found = rules(tmp_path, text(indicator, promise=promise, method=method))

    assert record(found, names.BADNESS) == expected
    assert record(found, "slo:sli_errors:rate1h") == 'avg_over_time(slo:sli_badness:slice{slo="answers"}[1h])'


def test_a_calendars_budget_is_not_recorded_because_no_rule_can_see_its_beginning(tmp_path: Path) -> None:
    calendar = "duration: 1M, calendar: { startTime: 2026-01-01 00:00:00, timeZone: UTC }"
    recorded = {rule.record for rule in rules(tmp_path, text(window=calendar))}

    assert names.BUDGET_REMAINING not in recorded
    assert "slo:sli_errors:rate1h" in recorded


def test_every_expression_is_promql_and_the_text_is_yaml(tmp_path: Path) -> None:
    groups = groups_of(objective(tmp_path))
    read = YAML(typ="safe", pure=True).load("\n".join(lines(groups)))

    assert [rule["expr"] for rule in read["groups"][0]["rules"]] == [rule.expr for rule in groups[0].rules]
    for rule in groups[0].rules:
        promql_parser.parse(rule.expr)
