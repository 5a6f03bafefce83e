"""Names of telemetry come from the registry: nobody makes one of his own, and every one has a meaning."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from services.common.telemetry import meanings, registry
from services.common.telemetry.registry import METRICS, Kind, Label, LogField, LokiLabel, SpanAttribute
from workbench.platform.instance import CHECKOUT
from workbench.telemetry.page import PAGE, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = ("services", "chaos", "workbench")
# Where prometheus-client's classes are called: with names of the registry.
MAKERS = {"services/common/telemetry/metrics.py"}
_CLASSES = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((CHECKOUT / package).rglob("*.py"))


def strays(source: str, path: str) -> list[str]:
    """Metrics, span attributes and labels in a module that are written as text."""
    found = []
    tree = ast.parse(source)
    of_prometheus = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prometheus_client")
        for alias in node.names
        if alias.name in _CLASSES
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else None
        literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
        if (name in of_prometheus and (literal or path not in MAKERS)) or (name == "set_attribute" and literal):
            found.append(f"{path}:{node.lineno}: {ast.unparse(node)[:80]}")
    return found


def test_nobody_makes_a_name_of_his_own() -> None:
    found = [stray for path in sources() for stray in strays(path.read_text(), str(path.relative_to(CHECKOUT)))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from prometheus_client import Counter\nc = Counter('my_total', 'mine')",
        "from prometheus_client import Gauge as G\ng = G('mine', 'mine')",
        "span.set_attribute('my.attribute', 1)",
    ],
)
def test_a_stray_is_found_with_its_line(source: str) -> None:
    assert len(strays(source, "services/x.py")) == 1
    assert strays(source, "services/x.py")[0].startswith("services/x.py:")


def test_every_name_has_a_meaning() -> None:
    assert set(meanings.LABELS) == set(Label)
    assert set(meanings.SPAN_ATTRIBUTES) == set(SpanAttribute)
    assert set(meanings.LOG_FIELDS) == set(LogField)
    assert set(meanings.LOKI_LABELS) == set(LokiLabel)
    assert set(meanings.HEADERS) == set(registry.Header)


def test_every_result_is_one_of_a_closed_set() -> None:
    assert set(meanings.RESULTS) == {metric for metric in METRICS if Label.RESULT in metric.labels}
    for metric in METRICS:
        combinations = 1
        for label in metric.labels:
            combinations *= len(meanings.allowed(metric, label) or {1})
        assert combinations <= meanings.budget(metric), f"{metric.name}: its own values exceed its budget"


def test_every_metric_of_the_module_is_listed_and_named_by_the_conventions() -> None:
    there = {value for value in vars(registry).values() if isinstance(value, registry.Metric)}
    assert there == set(METRICS)
    for metric in METRICS:
        assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
        assert not metric.unit or metric.unit in metric.name
        assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
        assert metric.help.endswith(".")


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page()
