"""The pages' application, and how it is run: `python -m workbench.pages.app` with the instance in the environment.

| path | what |
|---|---|
| POST /notifications | Alertmanager's webhook |
| GET /alerts | what arrived, as a page; `Accept: application/json` gives the alerts themselves |
| GET /runbooks/{name} | a runbook |
| GET /d/{uid} | a dashboard with live data |
| GET /healthz | that it works |
"""

from __future__ import annotations

from html import escape
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from workbench.pages import runbooks
from workbench.pages.dashboards import router
from workbench.pages.received import Received
from workbench.platform.instance import Instance
from workbench.reports.page import STYLE, table


def create_app(received: Received, dashboards: APIRouter | None = None) -> FastAPI:
    """Return the application, with the routes of the dashboards where there are some."""
    app = FastAPI(title="Titanium", docs_url=None, redoc_url=None, openapi_url=None)

    if dashboards is not None:
        app.include_router(dashboards)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/notifications")
    def notifications(notification: dict[str, Any]) -> dict[str, str]:
        received.keep(notification)
        return {"status": "kept"}

    @app.get("/alerts")
    def alerts(request: Request) -> Response:
        found = received.alerts()
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(found)
        return _page("Alerts that arrived", _table(found))

    @app.get("/runbooks/{name}")
    def runbook(name: str) -> Response:
        file = runbooks.find(name)
        if file is None:
            raise HTTPException(404, f"no runbook {name!r}; there are: {', '.join(runbooks.names())}")
        return _page(f"Runbook {name}", runbooks.html(file))

    return app


def _table(alerts: list[dict[str, Any]]) -> str:
    headings = ("When", "State", "Alert", "Severity", "What", "Runbook", "Dashboard")
    return table(headings, (_row(alert) for alert in alerts)) if alerts else "<p>Nothing has arrived.</p>"


def _row(alert: dict[str, Any]) -> list[str]:
    labels, said = alert.get("labels", {}), alert.get("annotations", {})
    cells = [alert.get("startsAt", "")[:19], alert.get("status", ""), labels.get("alertname", "")]
    texts = [escape(cell) for cell in (*cells, labels.get("severity", ""), said.get("description", ""))]
    return [*texts, _link("runbook", said.get("runbook_url")), _link("dashboard", said.get("dashboard_url"))]


def _link(text: str, url: str | None) -> str:
    return f'<a href="{escape(url)}">{text}</a>' if url else ""


def _page(title: str, body: str) -> HTMLResponse:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return HTMLResponse(f"{head}<h1>{escape(title)}</h1>{body}")


def main() -> None:
    """Serve the instance's pages until told to stop."""
    instance = Instance.from_environment()
    app = create_app(Received(instance.notifications), router(instance))
    uvicorn.run(app, host="127.0.0.1", port=instance.ports.pages, log_level="warning")


if __name__ == "__main__":
    main()
