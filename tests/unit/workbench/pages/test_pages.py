"""The pages: what Alertmanager sends is kept and shown, runbooks are found, and nothing else is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from workbench.pages import received
from workbench.pages.app import create_app
from workbench.pages.received import Received

if TYPE_CHECKING:
    from pathlib import Path


def notification(name: str) -> dict[str, Any]:
    said = {"description": "<b>bold</b>", "runbook_url": "http://x/runbooks/a?b&c"}
    return {
        "alerts": [
            {"status": "firing", "startsAt": "2026-01-01T00:00:00Z", "labels": {"alertname": name}, "annotations": said}
        ]
    }


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    app = create_app(Received(tmp_path / "kept" / "notifications.jsonl"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pages")


async def test_what_was_sent_is_kept_the_latest_first(client: httpx.AsyncClient) -> None:
    for name in ("First", "Second"):
        assert (await client.post("/notifications", json=notification(name))).status_code == 200
    found = (await client.get("/alerts", headers={"Accept": "application/json"})).json()
    assert [alert["labels"]["alertname"] for alert in found] == ["Second", "First"]


async def test_what_others_wrote_is_not_markup(client: httpx.AsyncClient) -> None:
    await client.post("/notifications", json=notification("First"))
    page = (await client.get("/alerts")).text
    assert "&lt;b&gt;bold" in page
    assert 'href="http://x/runbooks/a?b&amp;c"' in page


async def test_an_empty_page_says_so(client: httpx.AsyncClient) -> None:
    assert "Nothing has arrived" in (await client.get("/alerts")).text
    assert (await client.get("/healthz")).status_code == 200


async def test_a_runbook_is_shown(client: httpx.AsyncClient) -> None:
    page = await client.get("/runbooks/ValkeyDown")
    assert page.status_code == 200
    assert "<h2>Mitigation</h2>" in page.text
    assert (await client.get("/runbooks/gateway-latency")).status_code == 200


@pytest.mark.parametrize("name", ["Nothing", "..%2f..%2fREADME", "%2e%2e", "a b"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/runbooks/{name}")
    assert answer.status_code == 404


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "MOST", 4)
    kept = Received(tmp_path / "notifications.jsonl")
    for number in range(9):
        kept.keep(notification(f"A{number}"))
    names = [alert["labels"]["alertname"] for alert in kept.alerts()]
    assert len(names) <= 4
    assert names[0] == "A8"
