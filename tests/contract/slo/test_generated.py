"""What is derived from each objective is all there, current, and accepted by the tools that will read it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
from ruamel.yaml import YAML

from slo.compiler import compile_all
from slo.resolve import load_objectives
from slo.rules import names
from workbench.platform import components
from workbench.platform.instance import CHECKOUT, Instance
from workbench.slo.output import differences

if TYPE_CHECKING:
    from slo.objective import Objective

EXAMPLES = Path(__file__).with_name("examples")
GENERATED = CHECKOUT / "slo" / "generated"
OBJECTIVES = load_objectives([CHECKOUT / "slo" / "objectives"])
NAMES = [one.name for one in OBJECTIVES]
# The links of the chain, each with the file in which it lies.
LINKS = {
    "rules": "prometheus/{}.yaml",
    "proof": "promtool/{}.1m.yaml",
    "resource": "kubernetes/{}.yaml",
    "runbook": "runbooks/{}.md",
    "load target": "load/{}.json",
    "chaos hypothesis": "chaos/{}.json",
    "gate criterion": "gate/{}.json",
    "canary analysis": "argo-rollouts/{}.yaml",
}


def yaml(link: str, name: str) -> Any:  # noqa: ANN401 - a YAML document
    return YAML(typ="safe", pure=True).load((GENERATED / LINKS[link].format(name)).read_text(encoding="utf-8"))


def rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in yaml("rules", name)["groups"] for rule in group["rules"]]


def test_everything_is_current() -> None:
    assert differences(compile_all(OBJECTIVES, GENERATED), GENERATED) == []


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", NAMES)
def test_no_objective_lacks_a_link(name: str, link: str) -> None:
    assert (GENERATED / LINKS[link].format(name)).is_file()


def test_compiling_twice_gives_the_same_bytes() -> None:
    examples = load_objectives([EXAMPLES])
    first, second = ([(one.path, "\n".join(one.lines)) for one in compile_all(examples, EXAMPLES)] for _ in range(2))
    assert first == second


def test_promtool_reads_every_rule_file() -> None:
    promtool = components.obtain(components.PROMTOOL, Instance.from_environment().components)
    files = sorted((GENERATED / "prometheus").glob("*.yaml"))
    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_resource_has_the_rules_of_the_file(name: str) -> None:
    resource = yaml("resource", name)
    assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert resource["spec"]["groups"] == yaml("rules", name)["groups"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_and_a_ticket_can_come_of_every_objective(name: str) -> None:
    alerts = {(rule["alert"], rule["labels"]["severity"]) for rule in rules(name) if "alert" in rule}
    assert alerts >= {
        (names.BURN_ALERT, "critical"),
        (names.BURN_ALERT, "warning"),
        (names.ABSENT_ALERT, "critical"),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_has_its_sections_and_queries_that_parse(name: str) -> None:
    page = (GENERATED / LINKS["runbook"].format(name)).read_text(encoding="utf-8")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [
        "Meaning",
        "Impact",
        "Diagnosis",
        "Mitigation",
    ]
    queries = [line for block in page.split("```promql\n")[1:] for line in block.split("\n```")[0].splitlines()]
    assert len(queries) >= 4
    for query in queries:
        promql_parser.parse(query)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=NAMES)
def test_load_target_hypothesis_and_criterion_say_the_objectives_numbers(objective: Objective) -> None:
    target, hypothesis, criterion = (
        json.loads((GENERATED / LINKS[link].format(objective.name)).read_text(encoding="utf-8"))
        for link in ("load target", "chaos hypothesis", "gate criterion")
    )
    assert target["allowance"] == float(objective.allowance)
    assert target["events"] == pytest.approx(target["rate"] * target["duration_s"])
    assert criterion["allowance"] == f"{objective.allowance:f}"
    assert criterion["sha256"] == objective.sha256
    query = hypothesis["probes"][0]["provider"]["arguments"]["query"]
    assert f"{objective.allowance * objective.share:f}" in query
    promql_parser.parse(query)
    for key in {"good", "bad", "total"} & criterion.keys():
        promql_parser.parse(criterion[key].replace("{{window}}", "5m"))


@pytest.mark.parametrize("name", NAMES)
def test_an_analysis_can_succeed_fail_and_neither(name: str) -> None:
    (metric,) = yaml("canary analysis", name)["spec"]["metrics"]
    assert metric["successCondition"] == "len(result) > 0 && all(result, # < -2.576)"
    assert metric["failureCondition"] == "len(result) > 0 && any(result, # > 2.576)"
    query = metric["provider"]["prometheus"]["query"]
    promql_parser.parse(query.replace("{{args.window}}", "5m").replace("{{args.version}}", ".*"))


def test_what_is_written_by_hand_in_a_runbook_stays(tmp_path: Path) -> None:
    page = tmp_path / LINKS["runbook"].format(NAMES[0])
    page.parent.mkdir(parents=True)
    generated = (GENERATED / LINKS["runbook"].format(NAMES[0])).read_text(encoding="utf-8")
    by_hand = "The pool was too small the last time.\n\nAsk the database team."
    marker = "<!-- Mitigation, by hand: begin -->\n"
    before, after = generated.split(marker)
    page.write_text(before + marker + by_hand + after[after.index("\n<!-- Mitigation") :], encoding="utf-8")

    (again,) = [
        "\n".join(one.lines) for one in compile_all(OBJECTIVES[:1], tmp_path) if one.path.parts[0] == "runbooks"
    ]
    assert by_hand in again
    assert again.count("Nothing written yet") == 3
