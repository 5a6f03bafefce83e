"""`titanium runbook`: the page, with numbers where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.__main__ import main
from workbench.adapters.prometheus import Sample
from workbench.commands.runbook import with_numbers

if TYPE_CHECKING:
    import pytest

PAGE = "## Diagnosis\n\n```promql\nup\n```\n\nend\n"


def test_the_answer_of_now_stands_below_its_query() -> None:
    asked: list[str] = []

    def ask(query: str) -> list[Sample]:
        asked.append(query)
        return [Sample({"__name__": "up", "job": "node"}, 1.0)]

    assert "```\n\n* Now 1 (job=node)\n\nend" in with_numbers(PAGE, "promql", ask)
    assert asked == ["up"]


def test_no_series_is_said_and_many_are_cut() -> None:
    assert "Now: nothing." in with_numbers(PAGE, "promql", lambda _: [])
    many = with_numbers(PAGE, "promql", lambda _: [Sample({"n": str(number)}, 2.0) for number in range(12)])
    assert many.count("* Now 2") == 10
    assert "and 2 more" in many


def test_without_a_prometheus_the_runbook_is_printed_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runbook", "ValkeyDown", "--prometheus", "http://127.0.0.1:9"]) == 0
    said = capsys.readouterr().out
    assert "without numbers: Prometheus does not answer" in said
    assert "Mitigation" in said


def test_without_a_loki_the_runbook_of_a_log_alert_is_printed_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = "http://127.0.0.1:9"
    assert main(["runbook", "MeshCallsRefused", "--prometheus", nowhere, "--loki", nowhere]) == 0
    said = capsys.readouterr().out
    assert "without numbers: Loki does not answer" in said
    assert "Mitigation" in said


def test_queries_on_lines_are_answered_too() -> None:
    page = PAGE.replace("promql", "logql")
    assert with_numbers(page, "promql", lambda _: []) == page
    assert "Now 3 (service_name=blog)" in with_numbers(page, "logql", lambda _: [Sample({"service_name": "blog"}, 3)])


def test_a_name_that_is_none_leads_to_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runbook", "ValkyDown"]) == 2
    assert "did you mean: ValkeyDown" in capsys.readouterr().err
