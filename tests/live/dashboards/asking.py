"""Panels asked as Grafana asks them: by their JSON, with variables expanded, of the platform's own Prometheus."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from dashboards.view.expand import Chosen, Window, expand
from slo.links import panel_id
from workbench.dashboards.files import GENERATED
from workbench.platform.monitoring import SCRAPE_INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_opener = build_opener(ProxyHandler({}))


@cache
def dashboard(uid: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GENERATED / f"{uid}.json").read_text(encoding="utf-8"))
    return document


def uids() -> list[str]:
    return sorted(file.stem for file in GENERATED.glob("*.json"))


def panel(key: str) -> dict[str, Any]:
    """The panel with a key such as `overview/requests`."""
    uid = key.partition("/")[0]
    return next(one for one in dashboard(uid)["panels"] if one["id"] == panel_id(key))


@dataclass(frozen=True)
class Target:
    """One query of one panel."""

    dashboard: str
    title: str
    expr: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.title}: {self.expr}"


def targets(kind: str = "prometheus") -> Iterator[Target]:
    """Every query of every panel of one kind of data source."""
    for uid in uids():
        for one in dashboard(uid)["panels"]:
            for target in one.get("targets", []):
                if target["datasource"]["type"] == kind:
                    yield Target(uid, one["title"], target["expr"])


def expanded(expr: str, **variables: str | list[str]) -> str:
    """The query with its variables in place, for the last hour."""
    end = time()
    window = Window(end - 3600, end, scrape_interval_s=SCRAPE_INTERVAL_S)
    return expand(expr, Chosen(variables), window)


def ask(prometheus: str, query: str) -> list[tuple[dict[str, str], float]]:
    """The series of an instant query, with their latest values."""
    with _opener.open(f"{prometheus}/api/v1/query?{urlencode({'query': query})}", timeout=10) as response:
        result = json.load(response)["data"]["result"]
    return [(one["metric"], float(one["value"][1])) for one in result]


def value(prometheus: str, key: str, number: int = 0, **variables: str) -> float:
    """What a panel's query shows now, summed over its series."""
    expr = panel(key)["targets"][number]["expr"]
    found = ask(prometheus, expanded(expr, **variables))
    assert found, f"{key} shows nothing: {expr}"
    return sum(amount for _, amount in found)
