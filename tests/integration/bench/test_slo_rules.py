"""The benchmark of SLO rules, with few SLOs: real compiler processes, real Prometheus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil
import pytest

from slo.resolve import load_objectives
from slo.rules.model import Group, Rule
from workbench.__main__ import main
from workbench.bench import slo_prometheus, slo_runner
from workbench.bench.slo_compile import measure
from workbench.bench.slo_figures import SloPlan
from workbench.bench.slo_page import MARKERS
from workbench.bench.slo_shapes import SHAPES, Shape
from workbench.errors import CannotDecideError
from workbench.platform import components
from workbench.platform.instance import CHECKOUT, STATE_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

PLAN = SloPlan(files=3, slos=2, evaluations=4, interval_s=1, quick=True)


def test_everything_is_measured_and_no_process_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_BIN", str(prometheus()))
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("workbench.bench.slo_figures.QUICK", PLAN)
    page = tmp_path / "page.md"
    page.write_text("\n".join(MARKERS) + "\n", encoding="utf-8")

    assert main(["bench", "slo", "--quick", "--page", str(page)]) == 0

    (evidence,) = tmp_path.glob("evidence/*-bench-*/bench-slo.json")
    document = json.loads(evidence.read_text(encoding="utf-8"))
    start, read, rules, everything = document["compiler"]
    assert (start["lines"], read["lines"], rules["artefacts"]) == (0, 0, PLAN.files)
    assert everything["lines"] > rules["lines"] > 0
    for shape, figures in zip(SHAPES, document["rules"], strict=True):
        assert figures["shape"] == shape.name
        assert figures["evaluation_s"] > 0
        assert f"| {shape.name} | {figures['rules'] / PLAN.slos:g} |" in page.read_text(encoding="utf-8")
    # Beside each other, not one after the other: none has a longer history than the others.
    evaluations = [figures["evaluations"] for figures in document["rules"]]
    assert PLAN.evaluations <= min(evaluations)
    assert max(evaluations) - min(evaluations) < PLAN.evaluations
    assert [child for child in psutil.Process().children() if "prometheus" in child.name()] == []


def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(CannotDecideError, match=r"step 'read' ended with 1: .*nowhere"):
        measure(tmp_path / "nowhere")


def test_a_rule_that_cannot_be_evaluated_is_no_figure(tmp_path: Path) -> None:
    # Two series on each side without a label to tell them apart.
    many_to_many = Rule("istio_requests_total + on() istio_requests_total", record="wrong")
    wrong = Shape("wrong", lambda objective: [Group(objective.name, (many_to_many,))])
    objectives = load_objectives([CHECKOUT / slo_runner.TEMPLATE])

    with pytest.raises(CannotDecideError, match=r"wrong: \d+ evaluations of rules failed"):
        slo_prometheus.measure([wrong], objectives, PLAN, prometheus(), tmp_path)


def prometheus() -> Path:
    return components.obtain(components.PROMETHEUS, CHECKOUT / ".titanium" / "components")
