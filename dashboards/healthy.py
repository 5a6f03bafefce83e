"""The reviewed list of panels that are empty while nothing is wrong, each with what fills it.

A panel that is empty for any other reason is a defect: the live tests ask every other panel, and make what is named
here in order to see that these are filled by it.
"""

from __future__ import annotations

from typing import Final

EMPTY_WHEN_HEALTHY: Final = {
    ("overview", "Alerts that fire"): "requests that fail",
    ("slo", "Alerts of this objective"): "requests that fail",
    ("mesh", "Response flags"): "requests that a proxy aborts",
    ("chaos", "Faults"): "a fault in force",
    ("chaos", "Calls marked by a fault"): "a fault in force",
    ("chaos", "Injected by the proxies"): "a delay and an abort in force",
    ("datastores", "Replication lag"): "a replica, or its slot",
    ("platform", "Age of the last backup"): "a backup that reports itself",
    ("platform", "Loki's answers"): "Loki, an optional component",
    ("logs", "Lines by level, for longer than the lines are kept"): "Loki, an optional component",
    ("logs", "Calls refused, for longer than the lines are kept"): "Loki, an optional component, and a refused call",
}
"""What fills a panel, by dashboard and title."""

OPTIONAL: Final = frozenset(one for one, filled_by in EMPTY_WHEN_HEALTHY.items() if filled_by.startswith("Loki"))
"""Those of them that need an optional component."""
