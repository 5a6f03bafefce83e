"""The benchmark of SLO rules as Markdown, its place in the documentation, and what it is measured on."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING

import pytest

from slo.resolve import load_objectives
from workbench.bench.markdown import PageError, insert
from workbench.bench.page import MARKERS as PLATFORM_MARKERS
from workbench.bench.slo_compile import EVERYTHING, READ, RULES, START, CompilerFigures, work, write_copies
from workbench.bench.slo_figures import FULL, QUICK, SloBench, SloSetting
from workbench.bench.slo_page import MARKERS, render
from workbench.bench.slo_prometheus import RuleFigures, counters
from workbench.bench.slo_runner import TEMPLATE
from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

BENCH = SloBench(
    setting=SloSetting("today", "abc", "machine", 2, 4.0, "Linux", "3.11.7"),
    plan=FULL,
    compiler=[CompilerFigures(START, 0.25, 0, 0, 38.4), CompilerFigures(RULES, 1.5, 1000, 197000, 70.6)],
    rules=[RuleFigures("Titanium", 100, 100, 2600, 2100, 0.26, 0.3, 14, 0, "2.42.0")],
)


def row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_are_shown_per_slo_and_in_the_units_of_their_heading() -> None:
    text = render(BENCH)
    assert row(text, "Titanium")[1:] == ["26", "21", "260", "100"]
    assert row(text, "… and write all rules")[1:] == ["1.50", "1000", "197000", "71"]
    assert "left out" not in text
    assert "quick" not in text


def test_evaluations_that_were_left_out_are_said_to_be_so() -> None:
    late = dataclasses.replace(BENCH.rules[0], missed=3)
    text = render(dataclasses.replace(BENCH, rules=[late]))
    assert "Evaluations that Prometheus left out, being late: Titanium: 3." in text


def test_a_quick_run_is_not_for_quoting() -> None:
    assert "**A quick run" in render(dataclasses.replace(BENCH, plan=QUICK))


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    page = f"before\n{MARKERS[0]}\nold\n{MARKERS[1]}\nafter\n"
    assert insert(page, r"new \1", MARKERS) == f"before\n{MARKERS[0]}\nnew \\1\n{MARKERS[1]}\nafter\n"


@pytest.mark.parametrize("page", ["", "\n".join(PLATFORM_MARKERS), f"{MARKERS[1]}\n{MARKERS[0]}\n"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(PageError, match="0 places"):
        insert(page, "new", MARKERS)


def test_the_documentation_has_a_place_for_it() -> None:
    page = (CHECKOUT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "new table" in insert(page, "new table", MARKERS)


def test_the_evidence_is_json_with_its_schema() -> None:
    document = json.loads(json.dumps(BENCH.to_json()))
    assert document["schema"] == "titanium.bench-slo/v1"
    assert document["rules"][0]["evaluation_s"] == 0.26


def test_the_copies_are_objectives_that_differ_by_name_only(tmp_path: Path) -> None:
    write_copies(CHECKOUT / TEMPLATE, 3, tmp_path)
    objectives = load_objectives([tmp_path])
    assert [one.name for one in objectives] == [f"gateway-availability-000{number}" for number in range(3)]
    assert len({one.indicator for one in objectives}) == 1


def test_a_template_that_does_not_name_itself_is_refused(tmp_path: Path) -> None:
    template = tmp_path / "other.yaml"
    template.write_text("metadata: { name: another }\n", encoding="utf-8")
    with pytest.raises(UsageError, match="expected once, is there 0 times"):
        write_copies(template, 1, tmp_path)


def test_each_step_of_the_compiler_makes_more_than_the_one_before(tmp_path: Path) -> None:
    write_copies(CHECKOUT / TEMPLATE, 2, tmp_path)
    started = time.monotonic()
    figures = [work(step, tmp_path, started) for step in (START, READ, RULES, EVERYTHING)]
    assert [one.artefacts for one in figures[:3]] == [0, 0, 2]
    assert figures[3].artefacts > 2
    assert 0 == figures[1].lines < figures[2].lines < figures[3].lines
    assert all(one.peak_mib > 1 and one.seconds > 0 for one in figures)


def test_the_played_failures_stay_within_the_allowance() -> None:
    counts = [int(line.rpartition(" ")[2]) for line in counters(1000.0).splitlines() if not line.startswith("#")]
    allowance = load_objectives([CHECKOUT / TEMPLATE])[0].allowance
    assert 0 < counts[1] < float(allowance) * sum(counts)
