"""A Grafana that takes, refuses, or is not there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from dashboards.view.expand import Window
from workbench.dashboards.actions.diff import difference
from workbench.dashboards.grafana import Grafana
from workbench.errors import CannotDecideError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def grafana(status: int, body: object) -> Grafana:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))

    asked.clear()
    return Grafana("http://grafana.test", "secret-token", httpx.MockTransport(answer))


asked: list[httpx.Request] = []


def test_a_dashboard_is_put_into_our_folder_in_the_place_of_the_old_one() -> None:
    assert grafana(200, {"url": "/d/shop"}).push({"uid": "shop"}) == "http://grafana.test/d/shop"
    sent = json.loads(asked[0].content)
    assert (sent["folderUid"], sent["overwrite"], sent["dashboard"]) == ("titanium", True, {"uid": "shop"})
    assert asked[0].headers["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_a_mistake_of_the_environment_and_is_not_shown(status: int) -> None:
    with pytest.raises(UsageError) as refused:
        grafana(status, {"message": "Invalid API key"}).push({})
    assert "refuses the token" in refused.value.message
    assert "secret-token" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(("status", "body"), [(500, {"message": "boom"}), (200, "<html>log in</html>"), (200, "[1]")])
def test_an_answer_that_is_none_is_said(status: int, body: object) -> None:
    with pytest.raises(CannotDecideError, match=f"answers {status} for /api/dashboards/db"):
        grafana(status, body).push({})


def test_a_grafana_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotDecideError, match="cannot be asked"):
        Grafana("http://127.0.0.1:9").push({})


def test_a_dashboard_that_is_not_there_is_none() -> None:
    assert grafana(404, {"message": "not found"}).dashboard("shop") is None


def test_without_an_address_the_way_out_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Grafana is named"):
        Grafana.from_environment({})
    with pytest.raises(UsageError, match=r"GRAFANA_TOKEN_FILE=.*none cannot be read"):
        Grafana.from_environment({"GRAFANA_URL": "http://x", "GRAFANA_TOKEN_FILE": str(tmp_path / "none")})
    (tmp_path / "token").write_text("abc\n")
    assert Grafana.from_environment({"GRAFANA_URL": "http://x/", "GRAFANA_TOKEN_FILE": str(tmp_path / "token")}) == (
        Grafana("http://x", "abc")
    )


def test_what_grafana_adds_by_itself_is_no_difference() -> None:
    assert difference("shop", {"uid": "shop"}, {"uid": "shop", "id": 7, "version": 3}) == []
    assert difference("shop", {"uid": "shop"}, None) == ["shop: is not in Grafana"]
    assert '+  "title": "New",' in difference("shop", {"title": "New", "uid": "s"}, {"title": "Old", "uid": "s"})


def test_a_query_goes_through_the_proxy_with_grafanas_interval() -> None:
    answer = {"results": {"A": {"frames": [{"data": {"values": [[1], [2]]}}, {"data": {"values": []}}]}}}
    window = Window(0, 900, scrape_interval_s=2)
    assert len(grafana(200, answer).query({"refId": "A", "expr": "up"}, "prometheus", window)) == 1
    sent = json.loads(asked[0].content)
    assert sent["queries"][0]["datasource"] == {"uid": "prometheus"}
    assert (sent["from"], sent["to"], sent["queries"][0]["intervalMs"]) == ("0", "900000", 2000)


def test_a_query_that_the_data_source_refuses_is_said() -> None:
    refusing = grafana(200, {"results": {"A": {"error": "parse error"}}})
    with pytest.raises(CannotDecideError, match="prometheus refuses a query: parse error"):
        refusing.query({"refId": "A"}, "prometheus", Window(0, 900))
