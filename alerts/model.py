"""What an alert is here: a condition with everything that a person needs who is woken by it, and its own proof.

The proof says what the alert's metrics look like when it must fire and when it must not. promtool plays both, and the
way back from the one to the other (`alerts/proof.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from slo.links import dashboard_url, runbook_url
from slo.rules.model import Rule


class Severity(StrEnum):
    """What an alert asks of people. Users' symptoms page; causes inform."""

    CRITICAL = "critical"
    """Wakes somebody: users are hurt now, or will be within the hour."""
    WARNING = "warning"
    """Is looked at in working hours: a cause that will hurt users if it stays."""
    INFO = "info"
    """Is read by whoever is already looking."""


# Series of a metric by its selector: for gauges a level, for counters how much they grow a minute, None: no series.
Played = Mapping[str, float | None]


# The hour before the alert and what came after it, in milliseconds: templates have no arithmetic, queries do.
_FROM: Final = '{{ with query "time() - 3600" }}{{ . | first | value | printf "%.0f" }}000{{ end }}'


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert.

    `wait` is the rule's `for`; `panel` is the key of the panel that shows the condition, `variables` are its
    dashboard's.
    """

    around: ClassVar[str]
    """The time that the link to the dashboard opens, as the end of an address."""

    name: str
    expr: str
    wait: str
    severity: Severity
    team: str
    summary: str
    description: str
    panel: str
    variables: Mapping[str, str] | None = None

    def rule(self) -> Rule:
        """Return the alerting rule."""
        uid = self.panel.partition("/")[0]
        annotations = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": runbook_url(self.name),
            "dashboard_url": dashboard_url(uid, panel=self.panel, **(self.variables or {})) + self.around,
        }
        labels = {"severity": self.severity.value, "team": self.team}
        return Rule(self.expr, alert=self.name, wait=self.wait, labels=labels, annotations=annotations)


@dataclass(frozen=True, kw_only=True)
class MetricAlert(Alert):
    """An alert that Prometheus raises.

    `bad` and `good` are what promtool plays; `settles_min` is how many minutes the windows of the expression need, on
    top of `wait`, to see a change.
    """

    around: ClassVar[str] = f"&from={_FROM}&to=now"

    bad: Played
    good: Played
    settles_min: int = 6


@dataclass(frozen=True)
class Line:
    """A log line as Loki keeps it: labels of its stream, structured metadata, text."""

    stream: Mapping[str, str]
    metadata: Mapping[str, str]
    text: str


@dataclass(frozen=True, kw_only=True)
class LogAlert(Alert):
    """An alert that Loki raises, because nothing but a log line tells of its cause; `expr` is LogQL.

    `bad` and `good` are lines that a real Loki is given in the proof: the one must raise it, the other must not.
    """

    # Loki's templates cannot ask for the time.
    around: ClassVar[str] = "&from=now-1h&to=now"

    bad: Line
    good: Line


@dataclass(frozen=True)
class Theme:
    """Alerts of one kind; they are one rule group and one file."""

    name: str
    about: str
    alerts: tuple[MetricAlert, ...]


@dataclass(frozen=True)
class LogTheme:
    """Alerts that Loki raises, and what it records into Prometheus, where it outlives the lines."""

    name: str
    about: str
    records: tuple[Rule, ...]
    alerts: tuple[LogAlert, ...]
