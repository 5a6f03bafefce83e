"""The benchmark as Markdown, and its place in the documentation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from workbench.adapters.k6 import RefereeResult
from workbench.bench.capacity import Capacity
from workbench.bench.figures import Bench, Latency, Setting, VariantFigures
from workbench.bench.hops import Share
from workbench.bench.markdown import PageError, insert
from workbench.bench.page import MARKERS, render
from workbench.bench.processes import Memory
from workbench.bench.variants import BARE, EVERYTHING, MESH_ONLY

ROOT = Path(__file__).resolve().parents[4]


def variant(name: str, p95_ms: float, cpu_ms: float, held_rps: float | None = None) -> VariantFigures:
    latency = Latency(p50_ms=p95_ms / 2, p95_ms=p95_ms, p99_ms=p95_ms * 2, mean_ms=p95_ms / 2, lag_p99_ms=1.0)
    capacity = Capacity(held_rps, "P95 was 812 ms", ()) if held_rps is not None else None
    return VariantFigures(name, latency, 6000, 0, {"services": cpu_ms, "Envoys": 1.0}, {}, capacity)


BENCH = Bench(
    setting=Setting("today", "abc", "machine", 2, 4.0, "Linux", "locust", {"envoy": "1.40"}, 100.0, 60.0, quick=False),
    variants=[
        variant(EVERYTHING.name, 30.0, 4.0, 325.0),
        variant(MESH_ONLY.name, 20.0, 3.5),
        variant(BARE.name, 12.5, 3.0),
    ],
    reads=Latency(13.0, 28.0, 55.0, 15.0, 1.0),
    referee=RefereeResult("k6 1.1.0", 100.0, 60.0, 6000, 0, 0, 14.0, 25.0, 31.0, 62.0, 90.0),
    memory=[Memory("postgres", 9, 300.0, 100.0), Memory("blog", 1, 90.0, 80.0)],
    hops=[Share("client", "the way in", 1.5), Share("ingress", "Envoy", 0.5)],
    up_s=14.2,
    verdict_s=None,
)


def row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_goal_that_is_missed_is_said_to_be_missed() -> None:
    text = render(BENCH)
    assert row(text, "P95 at 100 RPS ≤ 25 ms")[1:] == ["30.0 ms", "**missed**"]
    assert row(text, "≥ 250 RPS inside the objectives")[1:] == ["325 RPS", "met"]
    assert row(text, "telemetry ≤ 15 % of CPU")[1:] == ["10.0%", "met"]
    assert row(text, "mesh P95 ≤ twice bare P95")[1:] == ["1.6 times", "met"]
    assert row(text, "whole stack ≤ 1.5 GiB (PSS)")[1:] == ["180 MiB", "met"]


def test_what_was_not_measured_is_said_to_be_so_and_meets_no_goal() -> None:
    text = render(dataclasses.replace(BENCH, variants=BENCH.variants[2:], memory=[], hops=[]))
    assert row(text, "P95 at 100 RPS ≤ 25 ms")[1:] == ["not measured", ""]
    assert row(text, "whole stack ≤ 1.5 GiB (PSS)")[1:] == ["not measured", ""]
    assert row(text, "seconds to verdict")[1] == "not measured"


def test_the_referee_stands_beside_what_it_judges() -> None:
    lines = render(BENCH).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("| everything on | 15.0"))
    assert lines[at + 1].startswith("| its reading requests alone | 13.0 | 28.0 | 55.0 |")
    assert lines[at + 2].startswith("| reading requests, by k6 1.1.0 | 14.0 | 31.0 | 62.0 | 0 of 6000 |")


def test_sums_are_right() -> None:
    text = render(BENCH)
    assert row(text, "sum")[1:] == ["mean latency of the client", "2.00", ""]
    assert "| sum | 10 | 390 | 180 |" in text


def test_a_quick_run_warns_against_quoting_it() -> None:
    quick = dataclasses.replace(BENCH, setting=dataclasses.replace(BENCH.setting, quick=True))
    assert "too short for figures to quote" in render(quick)
    assert "too short for figures to quote" not in render(BENCH)


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    page = f"before\n{MARKERS[0]}\nold\n{MARKERS[1]}\nafter\n"
    once = insert(page, r"new \1", MARKERS)
    assert once == f"before\n{MARKERS[0]}\n" + r"new \1" + f"\n{MARKERS[1]}\nafter\n"
    assert insert(once, r"new \1", MARKERS) == once


@pytest.mark.parametrize("page", ["nothing", f"{MARKERS[0]}\na\n{MARKERS[1]}\n" * 2])
def test_a_page_without_exactly_one_place_for_the_figures_is_refused(page: str) -> None:
    with pytest.raises(PageError, match="expected one"):
        insert(page, "new", MARKERS)


def test_the_documentation_has_the_place_for_the_figures() -> None:
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert "new" in insert(page, "new", MARKERS)
