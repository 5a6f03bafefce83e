"""The local platform's Prometheus, as the viewer asks it, and what a reader has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.view.ask import Answer, RefusedError
from dashboards.view.expand import ALL, Chosen, Window
from workbench.adapters.prometheus import HttpPrometheus
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Mapping


class PrometheusAsk:
    """Answers of one Prometheus."""

    def __init__(self, url: str) -> None:
        self._prometheus = HttpPrometheus(url)

    def over(self, expr: str, window: Window) -> list[Answer]:
        try:
            found = self._prometheus.range(expr, window.start_s, window.end_s, window.interval_s)
        except CannotDecideError as error:
            raise RefusedError(error.message) from error
        return [Answer(one.labels, one.samples) for one in found if one.samples]

    def now(self, expr: str) -> list[Answer]:
        try:
            found = self._prometheus.vector(expr)
        except CannotDecideError as error:
            raise RefusedError(error.message) from error
        return [Answer(one.labels, [(0.0, one.value)]) for one in found]


def chosen(document: Mapping[str, Any], given: Mapping[str, str]) -> Chosen:
    """Return a dashboard's variables: what was given, else what it opens with."""
    variables = [one for one in document["templating"]["list"] if one["type"] != "datasource"]
    values = {one["name"]: given.get(one["name"], _first(one)) for one in variables}
    alls = {one["name"]: one["allValue"] for one in variables if one.get("allValue")}
    return Chosen(values, alls)


def _first(variable: Mapping[str, Any]) -> str:
    value = variable.get("current", {}).get("value", "")
    return ALL if value == [ALL] else str(value)
