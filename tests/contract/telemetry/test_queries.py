"""Every query that stands in a file names only metrics and labels that somebody writes; a stray is named with its line.

Objectives, recording rules, alerts, analysis templates, dashboards and runbooks are read as the files that are
deployed, whoever generates them. What is matched, what is grouped by and what is recorded are all looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from dashboards.lint.promql import parse
from services.common.telemetry import foreign
from workbench.dashboards.known import known_metrics
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KNOWN: Final = known_metrics()
# What stands at the end of Prometheus' names, and what a scrape adds.
_ALWAYS: Final = foreign.OF_TARGETS | {"le", "__name__"}
# Keys of queries, by folder; one pattern a kind of file.
DOCUMENTS: Final = {
    "slo/objectives/*.yaml": "query",
    "slo/generated/prometheus/*.yaml": "expr",
    "slo/generated/kubernetes/*.yaml": "expr",
    "slo/generated/argo-rollouts/*.yaml": "query",
    "alerts/generated/prometheus/*.yaml": "expr",
    "alerts/generated/kubernetes/*.yaml": "expr",
    "dashboards/generated/*.json": "expr",
}
PAGES: Final = ("slo/generated/runbooks/*.md", "alerts/runbooks/*.md")
# Files that ask nothing of Prometheus.
WITHOUT: Final = {"slo/objectives/service.yaml", "alerts/generated/kubernetes/loki-rules.yaml"}
# Argo Rollouts' placeholders: any name and any duration.
_PLACEHOLDER: Final = re.compile(r"\{\{args\.(\w+)\}\}")


def scalars(node: yaml.Node, key: str) -> Iterator[tuple[int, str]]:
    """Line and text of every scalar under a key, but for what is asked of Loki; JSON is YAML."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key and isinstance(value, yaml.ScalarNode) and not of_loki(node):
                yield value.start_mark.line + 1, value.value
            yield from scalars(value, key)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from scalars(item, key)


def of_loki(target: yaml.MappingNode) -> bool:
    source = next((value for name, value in target.value if name.value == "datasource"), None)
    return any(name.value == "type" and value.value == "loki" for name, value in (source.value if source else ()))


def of_document(text: str, key: str) -> Iterator[tuple[int, str]]:
    for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        yield from scalars(node, key)


def of_page(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of every query of a page: one a line, so that each can be pasted."""
    for block in re.finditer(r"^```promql\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        first = text.count("\n", 0, block.start(1)) + 1
        yield from enumerate(block[1].splitlines(), first)


def queries() -> Iterator[tuple[str, int, str]]:
    """Path, line and text of every PromQL query that is deployed."""
    for pattern, key in DOCUMENTS.items():
        for file in sorted(CHECKOUT.glob(pattern)):
            yield from ((name(file), *found) for found in of_document(file.read_text(), key))
    for pattern in PAGES:
        for file in sorted(CHECKOUT.glob(pattern)):
            yield from ((name(file), *found) for found in of_page(file.read_text()))


def name(file: Path) -> str:
    return str(file.relative_to(CHECKOUT))


def strays(path: str, line: int, query: str) -> list[str]:
    """What a query names and nobody writes."""
    text = _PLACEHOLDER.sub(lambda match: "1m" if match[1] == "window" else match[1], query)
    parsed = parse(text)
    unknown = [f"{use.metric} is in no registry" for use in parsed.uses if use.metric not in KNOWN]
    labels = [KNOWN.get(use.metric) for use in parsed.uses]
    matched = [
        f"{use.metric} has no label {label}"
        for use, known in zip(parsed.uses, labels, strict=True)
        if known is not None
        for label in sorted(use.labels - known - _ALWAYS)
    ]
    there = None if None in labels else frozenset[str]().union(*filter(None, labels)) | _ALWAYS
    made = set(re.findall(r'label_(?:replace|join)\(.*?,\s*"(\w+)"', text, re.DOTALL))
    grouped = sorted(parsed.grouping - there - made) if there is not None else []
    return [f"{path}:{line}: {what}" for what in (*unknown, *matched, *(f"groups by {one}" for one in grouped))]


def test_queries_are_found_in_every_kind_of_file() -> None:
    found = {path for path, _, _ in queries()}
    for pattern in (*DOCUMENTS, *PAGES):
        files = {name(file) for file in CHECKOUT.glob(pattern)}
        assert files, pattern
        assert files - found == files & WITHOUT, pattern


def test_no_query_names_what_nobody_writes() -> None:
    found = [stray for path, line, query in queries() for stray in strays(path, line, query)]
    assert found == []


def test_every_record_is_one_that_queries_may_name() -> None:
    there: dict[str, str] = {}
    for pattern in ("slo/generated/prometheus/*.yaml", "alerts/generated/prometheus/*.yaml"):
        for file in sorted(CHECKOUT.glob(pattern)):
            there |= {record: f"{name(file)}:{line}" for line, record in of_document(file.read_text(), "record")}
    assert there
    assert {record: where for record, where in there.items() if record not in KNOWN} == {}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(rate(istio_request_total[5m]))", "istio_request_total is in no registry"),
        ('istio_requests_total{reporter="source",status="503"}', "istio_requests_total has no label status"),
        ('pg_stat_activity_count{job="postgres",db="blog"}', "pg_stat_activity_count has no label db"),
        ('sum by (route) (rate(http_server_request_duration_seconds_count{job="services"}[5m]))', "groups by route"),
        ('max by (slot) (pg_replication_slots_pg_wal_lsn_diff{job="postgres"})', "groups by slot"),
    ],
)
def test_a_stray_is_named_with_its_line(query: str, said: str) -> None:
    [(line, text)] = of_document(f"groups:\n  - rules:\n      - alert: X\n        expr: {query!r}\n", "expr")
    assert strays("alerts/x.yaml", line, text) == [f"alerts/x.yaml:4: {said}"]


def test_a_stray_in_a_runbook_is_named_with_its_line() -> None:
    page = "# X\n\n## Diagnosis\n\n```promql\nnode_load_1\n```\n"
    [(line, text)] = of_page(page)
    assert strays("x.md", line, text) == ["x.md:6: node_load_1 is in no registry"]
