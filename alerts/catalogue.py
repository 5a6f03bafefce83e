"""All alerts, by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts.themes import absence, datastores, logs, mesh, monitoring, saturation

if TYPE_CHECKING:
    from alerts.model import Alert, MetricAlert

THEMES: Final = (saturation.THEME, datastores.THEME, absence.THEME, mesh.THEME, monitoring.THEME)
"""What Prometheus watches."""

LOGS: Final = logs.THEME
"""What Loki watches."""


def alerts() -> list[Alert]:
    """Return every alert."""
    return [*metric_alerts(), *LOGS.alerts]


def metric_alerts() -> list[MetricAlert]:
    """Return every alert that Prometheus raises."""
    return [alert for theme in THEMES for alert in theme.alerts]
