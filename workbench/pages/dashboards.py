"""Dashboards on the local platform's pages, at the addresses that Grafana would give them: `/d/<uid>`."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from dashboards.catalogue import documents
from dashboards.view.expand import Window
from dashboards.view.page import page, script
from dashboards.view.panels import Viewer
from workbench.dashboards.source import chosen, sources
from workbench.platform.monitoring import SCRAPE_INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.platform.instance import Instance

_LATELY_S: Final = 900
_PLOTLY: Final = "/plotly.min.js"
_TRACE_LINK: Final = "/d/traces?var-trace="


def router(instance: Instance) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    known, answering = documents(), sources(instance)
    others = {f"/d/{uid}": document["title"] for uid, document in known.items()}

    @routes.get(_PLOTLY)
    def plotly() -> Response:
        return Response(script(), media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    @routes.get("/d/{uid}")
    def dashboard(uid: str, request: Request) -> HTMLResponse:
        document = known.get(uid)
        if document is None:
            raise HTTPException(404, f"no dashboard {uid!r}; there are: {', '.join(known)}")
        asked = request.query_params
        given = {name.removeprefix("var-"): value for name, value in asked.items() if name.startswith("var-")}
        viewer = Viewer(answering, _window(asked), chosen(document, given), _TRACE_LINK)
        panel = asked.get("viewPanel", "")
        only = int(panel) if panel.isascii() and panel.isdigit() else None
        return HTMLResponse(page(document, viewer, others=others, plotly=_PLOTLY, only=only))

    return routes


def _window(asked: Mapping[str, str]) -> Window:
    """Return what is looked at: `from` and `to` in milliseconds, as alerts write them; else the last minutes."""
    end = _moment(asked.get("to", "")) or time()
    start = _moment(asked.get("from", "")) or end - _LATELY_S
    return Window(min(start, end - 60), end, scrape_interval_s=SCRAPE_INTERVAL_S)


def _moment(text: str) -> float | None:
    return int(text) / 1000 if text.isascii() and text.isdigit() else None
