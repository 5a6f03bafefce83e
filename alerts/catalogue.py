"""All alerts, by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts.themes import absence, datastores, mesh, monitoring, saturation

if TYPE_CHECKING:
    from alerts.model import Alert

THEMES: Final = (saturation.THEME, datastores.THEME, absence.THEME, mesh.THEME, monitoring.THEME)


def alerts() -> list[Alert]:
    """Return every alert."""
    return [alert for theme in THEMES for alert in theme.alerts]
