"""The labels that series of a metric have in a running platform's Prometheus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

from services.common.telemetry import foreign

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

_opener = build_opener(ProxyHandler({}))


def labels_of(live: LivePlatform, metric: str, job: str) -> frozenset[str] | None:
    """The labels of a metric's series, without those of the target; None when there are no series.

    Of all its series: a label without a value is none in Prometheus.
    """
    selector = quote(f'{metric}{{job="{job}"}}')
    with _opener.open(f"{live.instance.prometheus_url}/api/v1/series?match[]={selector}", timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)["data"]
    return frozenset[str]().union(*found) - foreign.OF_TARGETS - {"__name__", "le"} if found else None
