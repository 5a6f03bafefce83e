"""A dashboard as one HTML page: rows with their questions, panels on 24 columns, nothing from the internet."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # the package is not annotated

from dashboards.healthy import EMPTY_WHEN_HEALTHY
from dashboards.view.panels import NO_DATA, note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboards.view.panels import Viewer

_ROW_PX: Final = 38
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2329; --soft: #6b7380; --paper: #f4f5f7; --card: #fff; --line: #dfe3e8; }
@media (prefers-color-scheme: dark) { :root { --ink: #d8dce2; --soft: #9aa3b0; --paper: #111217; --card: #181b1f;
  --line: #2c3036; } }
* { box-sizing: border-box; } body { margin: 0; padding: 1rem 1.2rem; font: 13px/1.4 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; } h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: .95rem; font-weight: 600; margin: 1rem 0 .4rem; } .soft, small { color: var(--soft); }
nav a { margin-right: .8rem; color: inherit; } .grid { display: grid; grid-template-columns: repeat(24, 1fr);
  gap: 8px; } section { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: 6px 8px;
  overflow: hidden; display: flex; flex-direction: column; min-width: 0; }
section h3 { font-size: .82rem; font-weight: 600; margin: 0 0 2px; } .body { flex: 1; overflow: auto; min-height: 0; }
.plot { width: 100%; height: 100%; } .tiles { display: flex; gap: 6px; height: 100%; flex-wrap: wrap; }
.tile { flex: 1; border-radius: 4px; color: #fff; font-size: 1.7rem; font-weight: 600; display: flex;
  flex-direction: column; align-items: center; justify-content: center; padding: 4px; min-width: 6rem; }
.tile small { color: #fff; opacity: .85; font-size: .75rem; font-weight: 400; } .none, .refused { color: var(--soft);
  text-align: center; margin: 1rem; } .refused { color: #e02f44; } .bar { display: grid;
  grid-template-columns: 12rem 1fr 6rem; gap: 8px; align-items: center; margin: 3px 0; }
.bar i { background: var(--line); height: 14px; border-radius: 3px; display: block; }
.bar b { display: block; height: 100%; border-radius: 3px; }
.bar em { font-style: normal; text-align: right; } table { border-collapse: collapse; width: 100%; } th, td {
  text-align: left; padding: 3px 8px 3px 0; border-bottom: 1px solid var(--line); }
.events td { font-family: ui-monospace, monospace; font-size: .78rem; white-space: nowrap; } .events td:nth-child(4) {
  white-space: normal; width: 99%; } .span { display: grid; grid-template-columns: 26rem 1fr 5rem; gap: 8px;
  align-items: center; } .span span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.span b { display: block; height: 10px; border-radius: 2px; } .span em { font-style: normal; text-align: right; }
"""
_SCRIPT: Final = """
const dark = matchMedia('(prefers-color-scheme: dark)').matches, ink = dark ? '#d8dce2' : '#1f2329';
for (const place of document.querySelectorAll('.plot')) {
  const figure = JSON.parse(place.querySelector('script').textContent), line = dark ? '#2c3036' : '#e6e9ed';
  const axis = { gridcolor: line, zerolinecolor: line };
  const layout = { margin: { l: 52, r: 8, t: 6, b: 24 }, paper_bgcolor: 'transparent', plot_bgcolor: 'transparent',
    font: { color: ink, size: 11 }, showlegend: true, legend: { orientation: 'h', y: -0.14, font: { size: 10 } },
    hovermode: 'x unified', ...figure.layout, xaxis: { type: 'date', ...axis, ...(figure.layout.xaxis || {}) },
    yaxis: { ...axis, ...(figure.layout.yaxis || {}) } };
  Plotly.newPlot(place, figure.data, layout, { responsive: true, displayModeBar: false });
}
"""


def script() -> str:
    """Return plotly.js, as its package has it."""
    return str(get_plotlyjs())


def page(
    document: Mapping[str, Any], viewer: Viewer, *, others: Mapping[str, str], plotly: str, only: int | None = None
) -> str:
    """Return a dashboard's page.

    `others` are the titles of all dashboards by their address, `plotly` is the address of plotly.js, `only` the id of
    one panel to be shown large.
    """
    title, about = escape(document["title"]), escape(document["description"])
    links = "".join(f'<a href="{escape(address)}">{escape(name)}</a>' for address, name in others.items())
    chosen = ", ".join(f"{name}: {value}" for name, value in viewer.chosen.values.items())
    head = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<header><h1>{title}</h1><span class="soft">{about} {escape(chosen)}</span></header><nav>{links}</nav>'
    )
    body = "".join(_row(viewer, document["uid"], *row, only) for row in rows(document))
    return f'{head}{body}<script src="{escape(plotly)}"></script><script>{_SCRIPT}</script>'


def rows(document: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the questions with their panels, in the dashboard's order."""
    found: list[tuple[str, list[Mapping[str, Any]]]] = []
    for panel in document["panels"]:
        if panel["type"] == "row":
            found.append((panel["title"], []))
        else:
            found[-1][1].append(panel)
    return found


def _row(viewer: Viewer, uid: str, question: str, panels: Sequence[Mapping[str, Any]], only: int | None) -> str:
    wanted = [panel for panel in panels if only in (None, panel["id"])]
    if not wanted:
        return ""
    cells = "".join(_panel(viewer, uid, panel, large=only is not None) for panel in wanted)
    return f'<h2>{escape(question)}</h2><div class="grid">{cells}</div>'


def _panel(viewer: Viewer, uid: str, panel: Mapping[str, Any], *, large: bool) -> str:
    place = panel["gridPos"]
    width, height = (24, 16) if large else (place["w"], place["h"])
    described = escape(panel.get("description", ""))
    inside = viewer.panel(panel)
    if inside == NO_DATA and (filled := EMPTY_WHEN_HEALTHY.get((uid, panel["title"]))):
        inside = note(f"nothing now; filled by {filled}")
    return (
        f'<section id="panel-{panel["id"]}" style="grid-column:span {width};height:{height * _ROW_PX}px">'
        f'<h3 title="{described}">{escape(panel["title"])}</h3><div class="body">{inside}</div></section>'
    )
