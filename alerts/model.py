"""What an alert is here: a condition with everything that a person needs who is woken by it, and its own proof.

The proof says what the alert's metrics look like when it must fire and when it must not. promtool plays both, and the
way back from the one to the other (`alerts/proof.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert.

    `wait` is the rule's `for`; `panel` is the key of the panel that shows the condition, `variables` are its
    dashboard's;
    `settles_min` is how many minutes the windows of the expression need, on top of `wait`, to see a change.
    """

    name: str
    expr: str
    wait: str
    severity: Severity
    team: str
    summary: str
    description: str
    panel: str
    bad: Played
    good: Played
    variables: Mapping[str, str] | None = None
    settles_min: int = 6

    def rule(self) -> Rule:
        """Return the alerting rule."""
        uid = self.panel.partition("/")[0]
        annotations = {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": runbook_url(self.name),
            "dashboard_url": dashboard_url(uid, panel=self.panel, **(self.variables or {})) + _AROUND,
        }
        labels = {"severity": self.severity.value, "team": self.team}
        return Rule(self.expr, alert=self.name, wait=self.wait, labels=labels, annotations=annotations)


# The hour before the alert and what came after it, in milliseconds: templates have no arithmetic, queries do.
_FROM: Final = '{{ with query "time() - 3600" }}{{ . | first | value | printf "%.0f" }}000{{ end }}'
_AROUND: Final = f"&from={_FROM}&to=now"


@dataclass(frozen=True)
class Theme:
    """Alerts of one kind; they are one rule group and one file."""

    name: str
    about: str
    alerts: tuple[Alert, ...]
