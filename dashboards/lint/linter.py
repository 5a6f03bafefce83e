"""Every rule asked of every dashboard, panel and query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.lint.finding import Document, Finding, Known, panels
from dashboards.lint.rules import DASHBOARD_RULES, PANEL_RULES, TARGET_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def lint(documents: Iterable[Document], known: Known) -> list[Finding]:
    """Return what is wrong with dashboards; `known` are the metrics that somebody writes, with their labels."""
    return [finding for document in documents for finding in _findings(document, known)]


def _findings(document: Document, known: Known) -> Iterator[Finding]:
    uid = document["uid"]
    for name, rule in DASHBOARD_RULES.items():
        for what in rule(document):
            yield Finding(name, uid, "", what)
    for panel in panels(document):
        for name, panel_rule in PANEL_RULES.items():
            for what in panel_rule(panel):
                yield Finding(name, uid, panel.get("title", ""), what)
        for target in panel.get("targets", []):
            for name, target_rule in TARGET_RULES.items():
                for what in target_rule(panel, target, known):
                    yield Finding(name, uid, panel.get("title", ""), what)
