"""Metrics of commands that end: written as text files, which the node exporter offers to Prometheus until the next one.

Contract: a file is complete or not there (prometheus-client renames it into place). Publishing is a courtesy to the
dashboards: a disk that is full must not fail a verdict, so that what cannot be written is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from services.common.telemetry import workbench as names
from services.common.telemetry.registry import Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.load.fleet import Progress
    from chaos.load.plan import LoadPlan
    from workbench.domain.gate import SloJudgement
    from workbench.mesh.local.faults import InjectedFault

Values = Sequence[tuple[Metric, Mapping[str, str], float]]


def load(folder: Path, plan: LoadPlan, progress: Progress) -> None:
    """Publish a run's progress; what is not known in this second is left out."""
    values: list[tuple[Metric, Mapping[str, str], float]] = [
        (names.LOAD_TARGET, {}, plan.rate_rps),
        (names.LOAD_STARTED, {}, progress.started),
        (names.LOAD_FAILED, {}, progress.failed),
        (names.LOAD_IN_FLIGHT, {}, progress.in_flight),
    ]
    if progress.recent_p95_ms is not None:
        values.append((names.LOAD_P95, {}, progress.recent_p95_ms / 1000))
    if progress.recent_lag_p99_ms is not None:
        values.append((names.LOAD_LAG, {}, progress.recent_lag_p99_ms / 1000))
    _write(folder, "load", values)


def load_ended(folder: Path) -> None:
    """Take a run's figures away: a rate that nobody offers any more must not stay on a dashboard."""
    with contextlib.suppress(OSError):
        (folder / "load.prom").unlink(missing_ok=True)


def verdicts(folder: Path, judged: Sequence[SloJudgement]) -> None:
    """Publish the latest verdict of each objective, with its interval's upper end and what is allowed."""
    values: list[tuple[Metric, Mapping[str, str], float]] = []
    for one in judged:
        labels = {names.RunLabel.SLO.value: one.counts.criterion.name}
        values += [
            (names.GATE_VERDICT, labels, names.Verdict[one.verdict.name]),
            (names.GATE_UPPER, labels, one.interval.high),
            (names.GATE_ALLOWED, labels, one.allowance),
        ]
    _write(folder, "gate", values)


def certificates(folder: Path, not_after: Mapping[str, float]) -> None:
    """Publish when each workload's certificate ends, in seconds since 1970."""
    label = names.RunLabel.WORKLOAD.value
    _write(folder, "certificates", [(names.CERTIFICATE_NOT_AFTER, {label: name}, at) for name, at in not_after.items()])


def faults(folder: Path, in_force: Mapping[str, InjectedFault]) -> None:
    """Publish the faults in force; without any the file is empty, and their series end."""
    values = [
        (names.FAULT, {names.RunLabel.SERVICE.value: service, names.RunLabel.KIND.value: fault.kind}, fault.percent)
        for service, fault in in_force.items()
    ]
    _write(folder, "faults", values)


class _Values:
    """A collector of given values, so that the library writes them."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for metric, labels, value in self._values:
            kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
            family = families.setdefault(metric.name, kind(metric.name, metric.help, labels=list(labels)))
            family.add_metric(list(labels.values()), value)
        yield from families.values()


def _write(folder: Path, name: str, values: Values) -> None:
    registry = CollectorRegistry()
    registry.register(_Values(values))
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(folder / f"{name}.prom"), registry)
