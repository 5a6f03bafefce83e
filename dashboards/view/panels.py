"""One panel as HTML: a plot for what changes with time, tiles and tables for what is now.

Plots are data for plotly.js, which the page brings along. A panel that has no data says so, one whose query failed
says why.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from dashboards.view import events
from dashboards.view.ask import Answer, Ask, AskLogs, AskTraces, RefusedError, Sources
from dashboards.view.expand import Chosen, Window, expand
from dashboards.view.values import COLOURS, PALETTE, colour, name_of, shown, state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# More lines than a person reads.
_LINES: Final = 200
_TILES: Final = ("stat", "gauge", "bargauge")


@dataclass(frozen=True)
class Series:
    """An answer with its name and the query it came from."""

    name: str
    ref: str
    answer: Answer


@dataclass(frozen=True)
class Viewer:
    """What a reader looks at, and who answers; `trace_link` leads to a trace when its id is put behind it."""

    sources: Sources
    window: Window
    chosen: Chosen
    trace_link: str = ""

    def panel(self, panel: Mapping[str, Any]) -> str:
        """Return a panel's inside."""
        if panel["type"] == "text":
            return f"<p>{escape(panel['options']['content'])}</p>"
        try:
            return self._shown(panel) or NO_DATA
        except RefusedError as error:
            return f'<p class="refused">{escape(str(error))}</p>'

    def _shown(self, panel: Mapping[str, Any]) -> str:
        """Return a panel's inside, nothing where there are no data."""
        first, logs, traces = panel["targets"][0], self.sources.logs, self.sources.traces
        kind = first["datasource"]["type"]
        if kind == "jaeger":
            return self._traces(traces, first) if traces else NO_JAEGER
        if kind == "prometheus":
            return self._numbers(self.sources.metrics, panel)
        if logs is None:
            return NO_LOKI
        return self._lines(logs, first) if panel["type"] == "logs" else self._numbers(logs, panel)

    def _numbers(self, ask: Ask, panel: Mapping[str, Any]) -> str:
        found = [one for target in panel["targets"] for one in self._series(ask, target, panel["type"])]
        return _RENDER[panel["type"]](panel, found) if found else ""

    def _series(self, ask: Ask, target: Mapping[str, Any], kind: str) -> list[Series]:
        expr = expand(target["expr"], self.chosen, self.window)
        instant = target.get("instant") or target.get("queryType") == "instant" or kind in _TILES
        answers = ask.now(expr) if instant else ask.over(expr, self.window)
        named = ((name_of(one.labels, target.get("legendFormat", "")), one) for one in answers if one.values)
        return [Series(name, target["refId"], one) for name, one in named]

    def _lines(self, logs: AskLogs, target: Mapping[str, Any]) -> str:
        query = expand(target["expr"], self.chosen, self.window)
        found = logs.lines(query, self.window, min(_LINES, target["maxLines"]))
        return events.lines(found, self.trace_link) if found else ""

    def _traces(self, traces: AskTraces, target: Mapping[str, Any]) -> str:
        if "queryType" not in target:
            trace = expand(target["query"], self.chosen, self.window).strip()
            return events.waterfall(traces.spans(trace)) if trace else note("choose a trace above")
        service = expand(target["service"], self.chosen, self.window)
        found = traces.search(service, target["tags"], self.window, target["limit"])
        return events.traces(found, self.trace_link) if found else ""


def note(text: str) -> str:
    """Return words in the place of a plot."""
    return f'<p class="none">{text}</p>'


NO_DATA: Final = note("no data")
NO_LOKI: Final = note("there is no Loki: titanium components build loki; without it: titanium logs")
NO_JAEGER: Final = note("there is no Jaeger: titanium components build jaeger")


def _plot(data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any]) -> str:
    figure = json.dumps({"data": data, "layout": layout}).replace("</", "<\\/")
    return f'<div class="plot"><script type="application/json">{figure}</script></div>'


def _lines(panel: Mapping[str, Any], found: list[Series]) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"{one.name} · {shown(one.answer.last, defaults['unit'], defaults.get('decimals'))}",
            "x": [time * 1000 for time, _ in one.answer.values],
            "y": [value for _, value in one.answer.values],
            "line": {"width": 1.4, "color": PALETTE[number % len(PALETTE)]},
            **({"stackgroup": "all"} if stacked else {}),
        }
        for number, one in enumerate(found)
    ]
    steps = [step for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    lines = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": step["value"], "y1": step["value"],
         "line": {"color": COLOURS.get(step["color"], step["color"]), "width": 1, "dash": "dash"}}
        for step in steps
    ]  # fmt: skip
    return _plot(data, {"shapes": lines, "yaxis": {"ticksuffix": "", **_axis(defaults)}})


def _axis(defaults: Mapping[str, Any]) -> dict[str, Any]:
    unit = defaults["unit"]
    if unit == "percentunit":
        return {"tickformat": ".1%", "rangemode": "tozero"}
    return {"title": {"text": "" if unit in {"none", "short"} else unit}, "rangemode": "tozero"}


def _heat(_panel: Mapping[str, Any], found: list[Series]) -> str:
    """Return a heat map: buckets are cumulative, so that each shows what the next lower one has not."""
    ordered = sorted(found, key=lambda one: float(one.answer.labels.get("le", "inf").replace("+Inf", "inf")))
    below: dict[float, float] = {}
    rows = []
    for one in ordered:
        row = dict(one.answer.values)
        rows.append([max(0.0, value - below.get(time, 0.0)) for time, value in row.items()])
        below = row
    times = [time * 1000 for time, _ in ordered[0].answer.values]
    data = {"type": "heatmap", "x": times, "y": [one.name for one in ordered], "z": rows, "colorscale": "Oranges"}
    return _plot([{**data, "reversescale": True}], {"yaxis": {"type": "category"}})


def _bands(panel: Mapping[str, Any], found: list[Series]) -> str:
    """Return states over time as one band a series."""
    defaults = panel["fieldConfig"]["defaults"]
    data = [
        {
            "type": "scatter", "mode": "markers", "name": one.name, "showlegend": False,
            "x": [time * 1000 for time, _ in one.answer.values], "y": [one.name] * len(one.answer.values),
            "text": [_words(value, defaults) for _, value in one.answer.values],
            "marker": {"symbol": "square", "size": 9, "color": [_tint(v, defaults) for _, v in one.answer.values]},
        }
        for one in found
    ]  # fmt: skip
    return _plot(data, {"yaxis": {"type": "category", "automargin": True}})


def _words(value: float, defaults: Mapping[str, Any]) -> str:
    mapped = state(value, defaults)
    return mapped[0] if mapped else shown(value, defaults["unit"], defaults.get("decimals"))


def _tint(value: float, defaults: Mapping[str, Any]) -> str:
    mapped = state(value, defaults)
    return mapped[1] if mapped else colour(value, defaults)


def _tiles(panel: Mapping[str, Any], found: list[Series]) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    several = len(found) > 1 or panel["options"].get("textMode") == "value_and_name"
    tiles = (
        f'<div class="tile" style="background:{_tint(one.answer.last, defaults)}">'
        f"{escape(_words(one.answer.last, defaults))}{f'<small>{escape(one.name)}</small>' if several else ''}</div>"
        for one in found
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _bars(panel: Mapping[str, Any], found: list[Series]) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    most = defaults.get("max") or max((one.answer.last for one in found), default=1.0) or 1.0
    rows = (_bar(one, most, defaults) for one in found)
    return "".join(rows)


def _bar(one: Series, most: float, defaults: Mapping[str, Any]) -> str:
    value = one.answer.last
    filled = f'<b style="width:{_share(value, most):.1f}%;background:{_tint(value, defaults)}"></b>'
    words = escape(_words(value, defaults))
    return f'<div class="bar"><span>{escape(one.name)}</span><i>{filled}</i><em>{words}</em></div>'


def _share(value: float, most: float) -> float:
    return 100 * min(1.0, max(0.0, value / most))


def _table(panel: Mapping[str, Any], found: list[Series]) -> str:
    """Return rows of labels and values; series of several queries with equal labels are one row."""
    columns = _columns(panel)
    several = len(panel["targets"]) > 1
    rows: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for one in found:
        labels = {name: value for name, value in one.answer.labels.items() if name != "__name__"}
        row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
        row[f"Value #{one.ref}" if several else "Value"] = shown(one.answer.last, "none", 3)
    head = "".join(f"<th>{escape(title)}</th>" for title in columns.values())
    cells = ([escape(row.get(name, "")) for name in columns] for row in rows.values())
    body = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _columns(panel: Mapping[str, Any]) -> dict[str, str]:
    for transformation in panel.get("transformations", []):
        if transformation["id"] == "organize":
            names: dict[str, str] = transformation["options"]["renameByName"]
            return names
    return {"Value": "Value"}


def _graph(_panel: Mapping[str, Any], found: list[Series]) -> str:
    """Return who talks to whom: workloads on a circle, arrows for calls."""
    edges = [one for one in found if one.ref == "edges"]
    names = sorted({one.answer.labels[end] for one in edges for end in ("source", "target")})
    turn = 2 * math.pi / max(1, len(names))
    at = {name: (math.cos(turn * n), math.sin(turn * n)) for n, name in enumerate(names)}
    arrows = [
        {
            "x": at[one.answer.labels["target"]][0], "y": at[one.answer.labels["target"]][1], "xref": "x", "yref": "y",
            "ax": at[one.answer.labels["source"]][0], "ay": at[one.answer.labels["source"]][1], "axref": "x",
            "ayref": "y", "showarrow": True, "arrowhead": 2, "standoff": 22, "startstandoff": 22,
            "arrowwidth": 1 + min(4.0, one.answer.last / 25), "arrowcolor": COLOURS["blue"], "opacity": 0.7,
            "hovertext": f"{one.answer.last:.1f} calls/s",
        }
        for one in edges
    ]  # fmt: skip
    nodes = {
        "type": "scatter", "mode": "markers+text", "x": [at[name][0] for name in names], "text": names,
        "y": [at[name][1] for name in names], "textposition": "top center", "showlegend": False,
        "marker": {"size": 26, "color": COLOURS["blue"]},
    }  # fmt: skip
    hidden = {"visible": False, "range": [-1.5, 1.5]}
    return _plot([nodes], {"annotations": arrows, "xaxis": {**hidden, "type": "linear"}, "yaxis": hidden})


_RENDER: Final[dict[str, Callable[[Mapping[str, Any], list[Series]], str]]] = {
    "timeseries": _lines,
    "heatmap": _heat,
    "state-timeline": _bands,
    "stat": _tiles,
    "gauge": _tiles,
    "bargauge": _bars,
    "table": _table,
    "nodeGraph": _graph,
}
