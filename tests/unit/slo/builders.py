"""SLO files for tests, small and complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.resolve import load_objectives

if TYPE_CHECKING:
    from pathlib import Path

    from slo.objective import Objective

TEXT = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{ name: answers{metadata} }}
spec:
  service: blog
  budgetingMethod: {method}
  timeWindow: [{{ {window} }}]
  indicator:
    metadata: {{ name: answers }}
    spec:
{indicator}
  objectives: [{{ {promise} }}]
{rest}"""

RATIO = """\
      ratioMetric:
        counter: {counter}
        {kind}: {{ metricSource: {{ type: Prometheus, spec: {{ query: '{numerator}' }} }} }}
        total: {{ metricSource: {{ type: Prometheus, spec: {{ query: '{total}' }} }} }}"""

THRESHOLD = """\
      thresholdMetric: {{ metricSource: {{ type: Prometheus, spec: {{ query: '{query}' }} }} }}"""

RAW = """\
      ratioMetric:
        rawType: {kind}
        raw: {{ metricSource: {{ type: Prometheus, spec: {{ query: '{query}' }} }} }}"""


def ratio(
    kind: str = "bad",
    numerator: str = 'requests_total{code="500"}',
    total: str = "requests_total",
    counter: str = "true",
) -> str:
    return RATIO.format(kind=kind, numerator=numerator, total=total, counter=counter)


def text(  # noqa: PLR0913 - the parts of a file, each with a usual value
    indicator: str = "",
    *,
    promise: str = "target: 0.99",
    window: str = "duration: 30d, isRolling: true",
    method: str = "Occurrences",
    metadata: str = "",
    rest: str = "",
) -> str:
    return TEXT.format(
        indicator=indicator or ratio(), promise=promise, window=window, method=method, metadata=metadata, rest=rest
    )


def objective(folder: Path, written: str = "") -> Objective:
    file = folder / "slo.yaml"
    file.write_text(written or text(), encoding="utf-8")
    (found,) = load_objectives([file])
    return found
