"""The evidence on disk: it keeps its schema, and its renderings say what it says."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult
from tests.unit.workbench.domain import given
from workbench.domain.gate import Judgement, judge
from workbench.domain.observations import Counts, Observations
from workbench.gate.run import GateRun
from workbench.reports.evidence import build_evidence, write_evidence
from workbench.reports.gate_terminal import print_judgement
from workbench.verify.report import print_outcome
from workbench.verify.run import Outcome

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "gate-evidence.schema.json").read_text())


def load_result() -> LoadResult:
    return LoadResult(
        run_id="r",
        target="http://127.0.0.1:1",
        arrival="constant",
        rate_rps=100.0,
        duration_s=60.0,
        warmup_s=0.0,
        started_at=given.START,
        ended_at=given.END,
        offered=6000,
        started=6000,
        completed=6000,
        failed=0,
        dropped=0,
        failures={},
        lag_ms=LagSummary(0.1, 1.0, 2.0),
        latency_ms=LatencySummary(20.0, 20.0, 20.0, 20.0, 20.0, 20.0),
        by_scenario={},
        samples_file="samples.csv.gz",
        generator=Generator("test", "1", "here"),
        seed=1,
        workers=1,
        interrupted=False,
    )


def bad(observations: Observations) -> Observations:
    """Spoil the healthy run: errors, and a counter without an exact bound for P95."""
    counts = Counts(given.criterion(), numerator=[given.counter(3.0)], total=[given.counter(100.0)])
    slow = {bound: [given.counter(100.0 if bound == float("inf") else 1.0)] for bound in given.BUCKETS}
    return Observations(**{**vars(observations), "counts": [counts], "histogram": slow})


def unseen(observations: Observations) -> Observations:
    return Observations(**{**vars(observations), "timelines": {}, "histogram": {}})


CASES = {"PASS": lambda o: o, "bad": bad, "unseen": unseen}


@pytest.fixture(params=list(CASES))
def judged(request: pytest.FixtureRequest) -> tuple[Observations, Judgement]:
    observations = CASES[request.param](given.healthy())
    return observations, judge(observations)


def document(observations: Observations, judgement: Judgement) -> dict[str, object]:
    return build_evidence(
        judgement,
        observations,
        load_result(),
        versions={"titanium": "0"},
        machine="here",
        prometheus_url="http://127.0.0.1:1",
        queries=["up"],
    )


def test_the_document_keeps_its_schema(judged: tuple[Observations, Judgement], tmp_path: Path) -> None:
    write_evidence(tmp_path, document(*judged))

    errors = Draft202012Validator(SCHEMA).iter_errors(json.loads((tmp_path / "gate.json").read_text()))
    assert [error.message for error in errors] == []


def test_the_schema_refuses_a_verdict_that_there_is_not() -> None:
    observations = given.healthy()
    changed = {**document(observations, judge(observations)), "verdict": "MAYBE"}

    assert not Draft202012Validator(SCHEMA).is_valid(changed)


def test_junit_has_a_case_for_each_objective_and_precondition(
    judged: tuple[Observations, Judgement], tmp_path: Path
) -> None:
    _, judgement = judged
    write_evidence(tmp_path, document(*judged))

    suite = ET.fromstring((tmp_path / "gate.xml").read_text())  # noqa: S314 - our own file
    broken = sum(slo.verdict.value == "FAIL" for slo in judgement.slos)
    open_ones = sum(slo.verdict.value == "INCONCLUSIVE" for slo in judgement.slos)
    open_ones += sum(not one.holds for one in judgement.preconditions)
    assert len(suite) == len(judgement.slos) + len(judgement.preconditions)
    assert (suite.get("failures"), suite.get("errors")) == (str(broken), str(open_ones))


def test_markdown_and_terminal_say_the_verdict_and_each_reason(
    judged: tuple[Observations, Judgement], tmp_path: Path
) -> None:
    observations, judgement = judged
    write_evidence(tmp_path, document(observations, judgement))
    console = Console(record=True, width=160)
    print_judgement(console, judgement, load_result(), tmp_path)
    print_outcome(console, Outcome(GateRun(load_result(), observations, judgement)), tmp_path)
    said, page = console.export_text(), (tmp_path / "gate.md").read_text()

    assert f"## Gate: {judgement.verdict}" in page
    assert f"verdict {judgement.verdict}" in said
    for one in judgement.preconditions:
        assert (f"not met: {one.name}" in said) is not one.holds
        assert one.name in page
