"""Every alert has a runbook whose commands and queries can be pasted."""

from __future__ import annotations

import argparse
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from alerts.catalogue import LOGS, alerts
from dashboards.lint.promql import parse
from workbench.__main__ import _parser
from workbench.dashboards.known import known_metrics
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = CHECKOUT / "alerts/runbooks"
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation", "Verification", "Escalation", "History")
PAGES = sorted(FOLDER.glob("*.md"))
# Commands of the system that stand in runbooks.
OF_THE_SYSTEM = {"df", "du", "ls"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {page.stem for page in PAGES} == {alert.name for alert in alerts()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_is_complete(page: Path) -> None:
    text = page.read_text()
    assert text.splitlines()[0] == f"# {page.stem}"
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    bodies = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert [section for section, body in zip(SECTIONS, bodies, strict=True) if len(body.strip()) < 5] == []
    assert blocks(page, "promql") or blocks(page, "logql")
    assert blocks(page, "sh")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_queries_parse_and_name_what_somebody_writes(page: Path) -> None:
    for query in blocks(page, "promql"):
        for use in parse(query.strip()).uses:
            assert use.metric in known_metrics(), f"{page.stem}: {use.metric}"


def test_queries_on_lines_ask_for_what_the_alerts_look_for() -> None:
    """What Loki understands is asked of a real one (tests/live/full)."""
    for alert in LOGS.alerts:
        queries = blocks(FOLDER / f"{alert.name}.md", "logql")
        selector = alert.expr.partition("count_over_time(")[2].partition("[5m]")[0]
        looked_for = selector.strip().rstrip("`").partition(";")[0]
        assert queries
        assert all(looked_for in query for query in queries), alert.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_exist(page: Path) -> None:
    for line in (line for block in blocks(page, "sh") for line in block.splitlines()):
        words = shlex.split(line)
        if words[0] in OF_THE_SYSTEM:
            continue
        assert words[0] == "titanium", f"{page.stem}: {line}"
        parsed = _parser(words[1:]).parse_args(words[1:])
        assert isinstance(parsed, argparse.Namespace)


def test_other_runbooks_that_are_named_are_there() -> None:
    names = {page.stem for page in PAGES}
    for page in PAGES:
        named = re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page.read_text())
        assert set(named) <= names, page.stem
