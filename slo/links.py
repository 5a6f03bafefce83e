"""Where an alert leads: the addresses of dashboards, panels and runbooks, the same for all that generates them.

Generated files carry the reserved name of `BASE`; whoever deploys them puts the address of the real pages in its place.
A panel's id is computed from its key, so that an alert can name a panel without knowing the dashboards' code.
"""

from __future__ import annotations

import zlib
from typing import Final
from urllib.parse import quote, urlencode

BASE: Final = "https://titanium.example"
# Grafana's ids are positive 32-bit integers; fewer digits keep addresses readable.
_PANEL_IDS: Final = 1_000_000


def runbook_url(alert: str) -> str:
    """Return the address of an alert's runbook."""
    return f"{BASE}/runbooks/{alert}"


def panel_id(key: str) -> int:
    """Return the id of the panel with this key, 1 to 1 000 000; the dashboards' build refuses two that collide."""
    return zlib.crc32(key.encode()) % _PANEL_IDS + 1


def dashboard_url(uid: str, *, panel: str = "", **variables: str) -> str:
    """Return the address of a dashboard as Grafana spells it, or of one panel of it by the panel's key."""
    query = {f"var-{name}": value for name, value in variables.items()}
    if panel:
        query["viewPanel"] = str(panel_id(panel))
    # Prometheus' templates in values stay readable.
    return f"{BASE}/d/{uid}" + (f"?{urlencode(query, safe='{}$. ', quote_via=quote)}" if query else "")
