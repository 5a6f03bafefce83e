"""A dashboard: rows, each titled by the question that it answers, laid out from left to right on 24 columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from grafanalib import core  # type: ignore[import-untyped]  # the package is not annotated

from dashboards.grafana import variables
from slo.links import panel_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.grafana.panels import Piece

_COLUMNS: Final = 24
_TAG: Final = "titanium"


@dataclass(frozen=True)
class Row:
    """Panels that answer one question."""

    question: str
    pieces: tuple[Piece, ...]


def row(question: str, *pieces: Piece) -> Row:
    """Return a row; a dashboard's first one answers whether users are all right."""
    return Row(question, pieces)


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a dashboard's module returns; `since` is how far back it looks when it is opened."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Any] = ()
    annotations: Sequence[dict[str, Any]] = ()
    since: str = "1h"
    refresh: str = "30s"

    def to_grafanalib(self) -> core.Dashboard:
        """Return grafanalib's dashboard with every panel in its place.

        Raises:
            ValueError: two panels have the same key, or keys whose ids collide.
        """
        panels = _placed(self.uid, self.rows)
        sources = list(variables.sources_of([panel for panel in panels if not isinstance(panel, core.RowPanel)]))
        return core.Dashboard(
            uid=self.uid,
            title=self.title,
            description=self.description,
            tags=[_TAG],
            links=[_other_dashboards()],
            panels=panels,
            templating=core.Templating([*sources, *self.variables]),
            annotations=core.Annotations(list(self.annotations)),
            time=core.Time(f"now-{self.since}", "now"),
            timezone="browser",
            refresh=self.refresh,
        )


def _placed(uid: str, rows: Sequence[Row]) -> list[Any]:
    panels: list[Any] = []
    keys: dict[int, str] = {}
    top = 0
    for each in rows:
        heading = core.RowPanel(title=each.question, gridPos=core.GridPos(1, _COLUMNS, 0, top))
        heading.id = _new_id(keys, f"{uid}/row/{each.question}")
        panels.append(heading)
        top = _place_row(panels, keys, uid, each.pieces, top + 1)
    return panels


def _place_row(panels: list[Any], keys: dict[int, str], uid: str, pieces: Sequence[Piece], top: int) -> int:
    """Place pieces from left to right, breaking lines; return where the next row may begin."""
    left = height = 0
    for piece in pieces:
        if left + piece.width > _COLUMNS:
            left, top, height = 0, top + height, 0
        piece.panel.gridPos = core.GridPos(piece.height, piece.width, left, top)
        piece.panel.id = _new_id(keys, f"{uid}/{piece.name}")
        panels.append(piece.panel)
        left, height = left + piece.width, max(height, piece.height)
    return top + height


def _new_id(keys: dict[int, str], key: str) -> int:
    number = panel_id(key)
    if number in keys:
        raise ValueError(f"the panels {keys[number]!r} and {key!r} have the same id {number}: rename one")
    keys[number] = key
    return number


def _other_dashboards() -> dict[str, Any]:
    """Return the menu of all dashboards that keeps time range and variables."""
    return {
        "asDropdown": True, "icon": "external link", "includeVars": True, "keepTime": True, "tags": [_TAG],
        "targetBlank": False, "title": "Dashboards", "tooltip": "", "type": "dashboards", "url": "",
    }  # fmt: skip
