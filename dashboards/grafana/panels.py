"""Panel builders: what every panel needs is set here once, and a panel cannot be made without saying what it means.

A builder takes a name (the panel's key inside its dashboard), a title, a description that says what is seen and when
to worry, a unit by Grafana's name, and queries. It returns a `Piece`: the panel, and its place on the 24 columns.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grafanalib import core  # type: ignore[import-untyped]  # the package is not annotated

if TYPE_CHECKING:
    from dashboards.grafana.queries import AnyQuery

GREEN: Final = "green"
AMBER: Final = "orange"
RED: Final = "red"
# Numbers of a state in words and colours, as Grafana's value mappings: {1: ("up", GREEN)}.
States = Mapping[int, tuple[str, str]]
# Where colours change, in the panel's unit, from the lowest: ((0.01, AMBER), (0.05, RED)).
Steps = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Piece:
    """A panel without a place yet; `name` is its key inside its dashboard, sizes are in Grafana's grid."""

    name: str
    panel: Any
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """How values are shown; `base` is the colour below the first step."""

    unit: str
    steps: Steps = ()
    base: str = GREEN
    least: float | None = None
    most: float | None = None
    decimals: int | None = None
    states: States | None = None

    def field_defaults(self) -> dict[str, Any]:
        """Return `fieldConfig.defaults`."""
        steps = [{"color": self.base, "value": "null"}, *({"color": c, "value": v} for v, c in self.steps)]
        return {
            "unit": self.unit,
            "min": self.least,
            "max": self.most,
            "decimals": self.decimals,
            "color": {"mode": "thresholds"},
            "thresholds": {"mode": "absolute", "steps": steps},
            "mappings": [_mapping(self.states)] if self.states else [],
        }


def timeseries(  # noqa: PLR0913 - a panel has that many sides
    name: str,
    title: str,
    description: str,
    look: Look,
    *queries: AnyQuery,
    width: int = 12,
    height: int = 8,
    stacked: bool = False,
    log_scale: bool = False,
    links: tuple[dict[str, Any], ...] = (),
) -> Piece:
    """Return lines over time; thresholds, where the look has some, are drawn as lines."""
    custom = {
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "fillOpacity": 40 if stacked else 10,
        "thresholdsStyle": {"mode": "dashed" if look.steps else "off"},
        "scaleDistribution": {"type": "log", "log": 10} if log_scale else {"type": "linear"},
    }
    legend = {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True}
    field = look.field_defaults() | {"color": {"mode": "palette-classic"}, "custom": custom}
    panel = _panel(core.TimeSeries, title, description, queries, field=field, options={"legend": legend}, links=links)
    return Piece(name, panel, width, height)


def stat(  # noqa: PLR0913 - as above
    name: str,
    title: str,
    description: str,
    look: Look,
    *queries: AnyQuery,
    width: int = 4,
    height: int = 4,
    spark: bool = True,
    by_name: bool = False,
    links: tuple[dict[str, Any], ...] = (),
) -> Piece:
    """Return the latest value in large, coloured by its thresholds; `by_name` shows the series' names beside it."""
    options = {"graphMode": "area" if spark else "none", "textMode": "value_and_name" if by_name else "auto"}
    panel = _panel(core.Stat, title, description, queries, field=look.field_defaults(), options=options, links=links)
    return Piece(name, panel, width, height)


def gauge(name: str, title: str, description: str, look: Look, *queries: AnyQuery, width: int = 4) -> Piece:
    """Return dials between the look's `least` and `most`."""
    return Piece(name, _panel(core.GaugePanel, title, description, queries, field=look.field_defaults()), width, 6)


def bar_gauge(  # noqa: PLR0913 - as above
    name: str, title: str, description: str, look: Look, *queries: AnyQuery, width: int = 12, height: int = 8
) -> Piece:
    """Return one horizontal bar a series."""
    field = look.field_defaults()
    return Piece(name, _panel(core.BarGauge, title, description, queries, field=field), width, height)


def heatmap(  # noqa: PLR0913 - as above
    name: str, title: str, description: str, query: AnyQuery, *, unit: str, width: int = 12
) -> Piece:
    """Return a histogram's buckets over time; the query must ask for `format="heatmap"` and keep `le`."""
    field = {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": [_BASE_STEP]}}
    options = {"yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit}}
    panel = _panel(_Heatmap, title, description, (query,), field=field | {"unit": unit}, options=options)
    return Piece(name, panel, width, 8)


def table(  # noqa: PLR0913 - as above
    name: str,
    title: str,
    description: str,
    look: Look,
    *queries: AnyQuery,
    columns: Mapping[str, str],
    width: int = 12,
    height: int = 8,
    links: tuple[dict[str, Any], ...] = (),
) -> Piece:
    """Return the latest values as rows; `columns` are the labels to show, with their headings, in their order.

    With one query its value is the column `Value`, with several `Value #A`, `Value #B` and so on.
    """
    order = {label: place for place, label in enumerate(columns)}
    organize = {
        "id": "organize",
        "options": {"indexByName": order, "renameByName": dict(columns), "includeByName": dict.fromkeys(columns, True)},
    }
    joined = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    field = look.field_defaults()
    panel = _panel(core.Table, title, description, queries, field=field, links=links)
    panel.transformations = [*joined, organize]
    return Piece(name, panel, width, height)


def state_timeline(  # noqa: PLR0913 - as above
    name: str, title: str, description: str, look: Look, *queries: AnyQuery, width: int = 24, height: int = 6
) -> Piece:
    """Return states over time, one band a series."""
    field = look.field_defaults()
    return Piece(name, _panel(core.StateTimeline, title, description, queries, field=field), width, height)


def logs(name: str, title: str, description: str, *queries: AnyQuery, width: int = 24, height: int = 12) -> Piece:
    """Return log lines, the newest first."""
    panel = _panel(core.Logs, title, description, queries)
    panel.extraJson["options"] = {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True}
    return Piece(name, panel, width, height)


def traces(  # noqa: PLR0913 - as above
    name: str, title: str, description: str, query: AnyQuery, *, width: int = 24, height: int = 12
) -> Piece:
    """Return one trace as a waterfall."""
    return Piece(name, _panel(_Traces, title, description, (query,)), width, height)


def trace_table(name: str, title: str, description: str, query: AnyQuery, *, width: int = 24) -> Piece:
    """Return the traces that a search found as rows; Grafana links each to its waterfall."""
    return Piece(name, _panel(core.Table, title, description, (query,)), width, 8)


def node_graph(name: str, title: str, description: str, *queries: AnyQuery, width: int = 24, height: int = 14) -> Piece:
    """Return who talks to whom; the queries' `ref` must be `nodes` and `edges`, with `id`, `source` and `target`."""
    panel = _panel(_NodeGraph, title, description, queries)
    renamed = {"Value #nodes": "mainstat", "Value #edges": "mainstat"}
    panel.transformations = [{"id": "organize", "options": {"renameByName": renamed}}]
    return Piece(name, panel, width, height)


def text(name: str, title: str, content: str, *, width: int = 24, height: int = 3) -> Piece:
    """Return Markdown: where to look next, what to do."""
    return Piece(name, core.Text(title=title, content=content, extraJson={}), width, height)


def link(title: str, url: str) -> dict[str, Any]:
    """Return a link at a panel's head."""
    return {"title": title, "url": url, "targetBlank": False}


_BASE_STEP: Final = {"color": GREEN, "value": "null"}


class _Heatmap(core.Panel):  # type: ignore[misc]  # the base class is not annotated
    """The heatmap panel since Grafana 9; grafanalib knows the Angular one only."""

    def to_json_data(self) -> dict[str, Any]:
        return dict(self.panel_json({"type": "heatmap"}))


class _NodeGraph(core.Panel):  # type: ignore[misc]  # as above
    def to_json_data(self) -> dict[str, Any]:
        return dict(self.panel_json({"type": "nodeGraph"}))


class _Traces(core.Panel):  # type: ignore[misc]  # as above
    def to_json_data(self) -> dict[str, Any]:
        return dict(self.panel_json({"type": "traces"}))


def _panel(  # noqa: PLR0913 - as above
    kind: Any,  # noqa: ANN401 - grafanalib's classes are not annotated
    title: str,
    description: str,
    queries: tuple[AnyQuery, ...],
    *,
    field: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    links: tuple[dict[str, Any], ...] = (),
) -> Any:  # noqa: ANN401 - as above
    named = [query.to_json_data() | {"refId": query.ref or ref} for query, ref in zip(queries, _REFS, strict=False)]
    return kind(
        title=title,
        description=description,
        dataSource=named[0]["datasource"],
        targets=named,
        links=list(links),
        extraJson={"fieldConfig": {"defaults": field or {}}, "options": options or {}},
    )


_REFS: Final = string.ascii_uppercase


def _mapping(states: States) -> dict[str, Any]:
    options = {
        str(v): {"text": said, "color": color, "index": i} for i, (v, (said, color)) in enumerate(states.items())
    }
    return {"type": "value", "options": options}
