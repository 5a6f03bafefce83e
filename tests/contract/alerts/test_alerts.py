"""Every alert has what a person needs who is woken by it, and promtool proves that it fires, is silent, and ends."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from alerts import proof, render
from alerts.catalogue import LOGS, THEMES, alerts, metric_alerts
from alerts.model import Severity, Theme
from dashboards.lint.promql import parse
from services.common.telemetry.registry import LogField, LokiLabel
from workbench.alerts.files import GENERATED, RULES, contents
from workbench.dashboards.known import known_metrics
from workbench.platform import components
from workbench.platform.instance import Instance
from workbench.slo.proof import check_rules, run_tests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alerts.model import MetricAlert


@pytest.fixture(scope="session")
def promtool() -> Path:
    return components.obtain(components.PROMTOOL, Instance.from_environment().components)


def test_the_generated_files_are_current() -> None:
    there = {str(file.relative_to(GENERATED)): file.read_text() for file in GENERATED.rglob("*") if file.is_file()}
    assert there == contents()


def test_prometheus_accepts_the_rules(promtool: Path) -> None:
    said = check_rules(promtool, sorted(RULES.glob("*.yaml")))
    assert said.passed, said.said


def test_every_alert_fires_is_silent_and_ends(promtool: Path) -> None:
    files = sorted((GENERATED / "promtool").glob("*.yaml"))
    assert len(files) == len(THEMES)
    assert [one.said for one in run_tests(promtool, files) if not one.passed] == []


def prove(promtool: Path, alert: MetricAlert, folder: Path) -> bool:
    """Whether an alert keeps its promises by itself."""
    theme = Theme("one", "one", (alert,))
    (folder / "one.yaml").write_text("\n".join(render.rule_file(theme)))
    (folder / "test.yaml").write_text("\n".join(proof.text(theme, "one.yaml")))
    done = subprocess.run([promtool, "test", "rules", folder / "test.yaml"], capture_output=True, check=False)
    return done.returncode == 0


BREAKS: dict[str, Callable[[str], str]] = {
    "the comparison is turned round": lambda expr: re.sub(r"[<>](?=[^<>]*$)", lambda m: "><"["<>".index(m[0])], expr),
    "a label is misspelt": lambda expr: expr.replace('job="', 'jbo="').replace('job=~"', 'jbo=~"'),
    "it never fires": lambda expr: f"({expr}) and vector(0) == 1",
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_condition_is_noticed(how: str, promtool: Path, tmp_path: Path) -> None:
    survivors = []
    for alert in metric_alerts():
        broken = BREAKS[how](alert.expr)
        if broken != alert.expr and prove(promtool, replace(alert, expr=broken), tmp_path):
            survivors.append(alert.name)
    assert survivors == []


def test_names_are_unique_and_every_alert_says_what_is_needed() -> None:
    names = [alert.name for alert in alerts()]
    assert len(names) == len(set(names))
    for alert in alerts():
        rule = alert.rule()
        assert re.fullmatch(r"[A-Z][A-Za-z]+", alert.name)
        assert "{{" not in rule.annotations["summary"], f"{alert.name}: a summary groups alerts: it must not change"
        assert rule.labels["severity"] in list(Severity)
        assert rule.labels["team"]
        assert rule.annotations["runbook_url"].endswith(f"/runbooks/{alert.name}")
        assert "viewPanel=" in rule.annotations["dashboard_url"]


def test_descriptions_tell_a_number_but_where_there_is_none() -> None:
    without = {alert.name for alert in alerts() if "$value" not in alert.description}
    # Whether something is there has no number.
    assert without == {
        *("PostgresDown", "ValkeyDown", "TargetDown", "ServiceTargetsAbsent", "MeshTargetsAbsent", "MeshMetricsAbsent"),
        *("ServiceMetricsAbsent", "Watchdog", "PrometheusConfigReloadFailed", "PrometheusHasNoAlertmanager"),
        "AlertmanagerConfigReloadFailed",
    }


def test_conditions_name_only_metrics_and_labels_that_somebody_writes() -> None:
    known = known_metrics()
    scraped = {"job", "app", "instance", "namespace", "pod", "le"}
    for alert in metric_alerts():
        for use in parse(alert.expr).uses:
            assert use.metric in known, f"{alert.name}: {use.metric}"
            labels = known[use.metric]
            assert labels is None or use.labels <= labels | scraped, f"{alert.name}: {use}"


def test_conditions_on_lines_name_only_labels_and_fields_that_somebody_writes() -> None:
    known = {*LokiLabel, *LogField}
    for rule in (*(alert.rule() for alert in LOGS.alerts), *LOGS.records):
        named = re.findall(r"[{|,]\s*(\w+)\s*(?:=~|!=|=)", rule.expr)
        named += [name for group in re.findall(r"by \(([^)]*)\)", rule.expr) for name in group.split(", ")]
        assert named
        assert set(named) <= known, rule.expr


def test_a_line_that_is_played_has_only_labels_and_fields_that_somebody_writes() -> None:
    for alert in LOGS.alerts:
        for line in (alert.bad, alert.good):
            assert set(line.stream) <= set(LokiLabel), alert.name
            assert set(line.metadata) <= set(LogField), alert.name


def test_a_cluster_gets_the_same_rules_for_its_loki() -> None:
    rules = yaml.safe_load((GENERATED / "loki" / render.LOKI_FILE).read_text())
    resource = yaml.safe_load((GENERATED / "kubernetes/loki-rules.yaml").read_text())
    assert yaml.safe_load(resource["data"][render.LOKI_FILE]) == rules
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert names == [alert.name for alert in LOGS.alerts]
