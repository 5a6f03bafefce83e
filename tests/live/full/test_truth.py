"""Panels of logs and traces, and those that need Loki: each shows something, or what fills it is made."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alerts.catalogue import LOGS
from alerts.model import Line
from dashboards.healthy import EMPTY_WHEN_HEALTHY, OPTIONAL
from dashboards.view.expand import Window
from services.common.telemetry.registry import LogField, LokiLabel
from tests.live.dashboards.asking import Target, ask, dashboard, expanded, targets, uids
from tests.live.full.lines import say
from workbench.dashboards.source import LokiAsk
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.monitoring import SCRAPE_INTERVAL_S

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform
    from workbench.platform.instance import Instance

pytestmark = pytest.mark.full

SERVICES = ("api-gateway", "auth", "user", "blog")
PLAYED = "played"
# Lines that nobody says on a good day: they are said for these tests.
BAD_LINES = (
    *(alert.bad for alert in LOGS.alerts),
    Line({LokiLabel.SERVICE.value: PLAYED}, {LogField.LEVEL.value: "error"}, '{"message":"unexpected error"}'),
)
_DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def eventful(observed: LivePlatform) -> Instance:
    """The platform after requests of which some failed, and after lines that nobody wants to see."""
    aborted = observed.titanium("fault", "apply", "blog", "--abort", "503", "--percent", "50")
    assert aborted.returncode == 0, aborted.stdout + aborted.stderr
    try:
        for _ in range(60):
            for path in ("/v1/posts", "/v1/users/nobody", "/v1/auth/jwks"):
                httpx.get(f"{observed.instance.ingress_url}{path}", headers={"host": PUBLIC_HOST}, trust_env=False)
    finally:
        assert observed.titanium("fault", "clear").returncode == 0
    for line in BAD_LINES:
        say(observed.instance, line)
    return observed.instance


def silent_after_a_while(found: Any, wanted: list[Any]) -> list[str]:  # noqa: ANN401 - asks for each kind of target
    ends = time.monotonic() + _DEADLINE_S
    while (silent := [one for one in wanted if not found(one)]) and time.monotonic() < ends:
        time.sleep(1)
    return [str(one) for one in silent]


def test_every_panel_of_lines_shows_something(eventful: Instance) -> None:
    loki = LokiAsk(eventful.loki_url)

    def shown(target: Target) -> bool:
        query = expanded(target.expr, service=[*SERVICES, PLAYED], search="")
        lately = Window(time.time() - 3600, time.time(), scrape_interval_s=SCRAPE_INTERVAL_S)
        return bool(loki.lines(query, lately, 10) if query.startswith("{") else loki.over(query, lately))

    wanted = list(targets("loki"))
    assert len(wanted) >= 7
    assert silent_after_a_while(shown, wanted) == []


def test_panels_that_need_loki_show_something(eventful: Instance) -> None:
    def shown(target: Target) -> bool:
        return bool(ask(eventful.prometheus_url, expanded(target.expr, service=[*SERVICES, PLAYED])))

    wanted = [one for one in targets() if (one.dashboard, one.title) in OPTIONAL]
    assert {(one.dashboard, one.title) for one in wanted} == OPTIONAL <= EMPTY_WHEN_HEALTHY.keys()
    assert silent_after_a_while(shown, wanted) == []


def searches() -> list[dict[str, Any]]:
    """Every target that is asked of Jaeger."""
    panels = [one for uid in uids() for one in dashboard(uid)["panels"]]
    found = [target for one in panels for target in one.get("targets", [])]
    return [target for target in found if target["datasource"]["type"] == "jaeger"]


def test_every_panel_of_traces_finds_some(eventful: Instance) -> None:
    def get(path: str, **parameters: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{eventful.jaeger_url}{path}", params=parameters, trust_env=False)
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = answer.json()["data"]
        return data

    def found(target: dict[str, Any]) -> list[dict[str, Any]]:
        """What Grafana's data source asks for such a target."""
        if "queryType" not in target:
            return get(f"/api/traces/{get('/api/traces', service='blog', limit='1')[0]['traceID']}")
        tags = json.dumps(json.loads(target["tags"])) if target["tags"] else "{}"
        return get("/api/traces", service="api-gateway", tags=tags, lookback="1h", limit=str(target["limit"]))

    wanted = searches()
    assert len(wanted) >= 3
    assert silent_after_a_while(found, wanted) == []


def test_the_pages_show_lines_and_lead_from_a_list_to_a_trace(eventful: Instance) -> None:
    def page(address: str) -> str:
        answer = httpx.get(f"{eventful.pages_url}{address}", trust_env=False, timeout=20)
        assert answer.status_code == 200
        return answer.text

    said = page("/d/logs")
    assert "rbac_access_denied" in said
    assert 'class="refused"' not in said
    listed = page("/d/traces?var-service=api-gateway")
    assert listed.count("failed</td>") > 0
    address = re.findall(r'href="(/d/traces\?var-trace=\w+)"', listed)[0]
    assert page(address).count('class="span"') > 3
