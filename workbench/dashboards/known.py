"""Every metric that somebody writes on the platform, with its labels: what a dashboard may name."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from services.common.telemetry import foreign
from services.common.telemetry.registry import METRICS, Kind, Metric
from services.common.telemetry.workbench import PUBLISHED, RECORDED
from slo.rules import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.lint.finding import Known

_RECORDS = (names.BADNESS, names.BUDGET_REMAINING, names.PERIOD_SLI, names.BURN_RATE, names.OBJECTIVE, names.INFO)
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")


def known_metrics() -> Known:
    """Return the labels of each metric by its name as Prometheus shows it; None where any label may be."""
    own = {name: labels for metric in (*METRICS, *PUBLISHED, *RECORDED) for name, labels in _series(metric)}
    windows = chain.from_iterable((names.errors(window), names.total(window)) for window in _WINDOWS)
    records = dict.fromkeys((*_RECORDS, *windows))
    return {**foreign.METRICS, **own, **records}


def _series(metric: Metric) -> Iterator[tuple[str, frozenset[str]]]:
    labels = frozenset(str(label) for label in metric.labels)
    if metric.kind is not Kind.HISTOGRAM:
        yield metric.name, labels
        return
    for suffix in ("bucket", "sum", "count"):
        yield f"{metric.name}_{suffix}", labels
