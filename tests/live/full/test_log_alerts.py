"""Alerts on log lines: Loki raises them for the lines they look for, tells Alertmanager, and ends them."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alerts.catalogue import LOGS
from services.common.telemetry.workbench import LOG_RECORDS, REFUSED_CALLS
from tests.live.full.lines import ask_for_a_page, every_page_fails, say
from tests.live.quick_rules import faster
from workbench.adapters.loki import Loki
from workbench.platform import rules
from workbench.platform.instance import CHECKOUT
from workbench.platform.readiness import series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.conftest import LivePlatform
    from workbench.platform.instance import Instance

pytestmark = pytest.mark.full

# Windows of 10 s, a wait of 20 s at most, evaluated every 5 s, on a machine that does other things as well.
_DEADLINE_S = 90.0
NAMES = {alert.name for alert in LOGS.alerts}


@pytest.fixture(scope="module")
def quick(observed: LivePlatform) -> Iterator[Instance]:
    """The platform, whose Loki has rules that live faster; afterwards all are the real ones again."""
    instance = observed.instance
    for file in rules.loki_folder(instance).rglob("*.yaml"):
        file.write_text(faster(file.read_text()))
    until(lambda: "[10s]" in str(loki_rules(instance)), "Loki has read the quick rules")
    yield instance
    rules.write(instance)
    httpx.post(f"{instance.prometheus_url}/-/reload", trust_env=False).raise_for_status()


def until(condition: Callable[[], bool], what: str, deadline_s: float = _DEADLINE_S) -> None:
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.5)


def loki_rules(instance: Instance) -> list[dict[str, Any]]:
    answer = httpx.get(f"{instance.loki_url}/prometheus/api/v1/rules", trust_env=False).json()
    return [rule for group in answer["data"]["groups"] for rule in group["rules"]]


def told(instance: Instance, workload: str) -> dict[str, str]:
    """The latest state of every alert about a workload that reached the receiver."""
    headers = {"Accept": "application/json"}
    found = httpx.get(f"{instance.pages_url}/alerts", headers=headers, trust_env=False).json()
    mine = [one for one in found if one["labels"].get("service_name") == workload]
    return {one["labels"]["alertname"]: one["status"] for one in reversed(mine)}


def test_loki_has_every_rule_and_evaluates_it_without_error(instance: Instance) -> None:
    wanted = NAMES | {LOG_RECORDS.name, REFUSED_CALLS.name}
    until(lambda: {rule["name"] for rule in loki_rules(instance)} == wanted, "Loki has its rules")
    until(lambda: {rule["health"] for rule in loki_rules(instance)} == {"ok"}, "all have been evaluated")


@pytest.mark.timeout(400)
def test_an_alert_is_silent_for_a_good_line_fires_for_a_bad_one_and_ends(quick: Instance) -> None:
    def keep_saying(kind: str, condition: Callable[[], bool], what: str) -> None:
        def said() -> bool:
            for alert in LOGS.alerts:
                say(quick, getattr(alert, kind))
            return condition()

        until(said, what)

    began = time.monotonic()
    keep_saying("good", lambda: time.monotonic() - began > 25, "25 s of good lines")
    assert told(quick, "played") == {}
    keep_saying("bad", lambda: told(quick, "played") == dict.fromkeys(NAMES, "firing"), "all fire")
    until(lambda: told(quick, "played") == dict.fromkeys(NAMES, "resolved"), "all end")


def test_a_workload_that_calls_where_it_may_not_is_told_of_with_links_that_lead_somewhere(quick: Instance) -> None:
    through = f"http://127.0.0.1:{quick.ports.workload('user').outbound}"

    def refused() -> bool:
        with httpx.Client(proxy=through, trust_env=False) as user:
            assert user.get("http://auth/v1/auth/jwks").status_code == 403
        return told(quick, "auth").get("MeshCallsRefused") == "firing"

    until(refused, "the refused calls are told of")
    found = httpx.get(f"{quick.pages_url}/alerts", headers={"Accept": "application/json"}, trust_env=False).json()
    (said, *_) = [one["annotations"] for one in found if one["labels"].get("service_name") == "auth"]
    assert re.match(r"auth has refused \d+ calls in 5 minutes", said["description"])
    for address in (said["runbook_url"], said["dashboard_url"]):
        assert httpx.get(address, trust_env=False).status_code == 200, address
    until(lambda: told(quick, "auth") == {"MeshCallsRefused": "resolved"}, "they end")


@pytest.mark.timeout(400)
def test_lines_that_are_lost_are_told_of(quick: Instance, observed: LivePlatform) -> None:
    """Lines wait for half a minute for a Loki that does not answer; then they are lost, and an alert says so."""
    for file in rules.folder(quick).rglob("*.yaml"):
        # Lines are lost once in half a minute, which the window has to be longer than.
        file.write_text(faster(file.read_text(), by=7))
    httpx.post(f"{quick.prometheus_url}/-/reload", trust_env=False).raise_for_status()
    pid = observed.status()["loki"]["pid"]

    def told_of() -> bool:
        ask_for_a_page(observed)
        return "firing" in lost(quick)

    os.kill(pid, signal.SIGSTOP)
    try:
        with every_page_fails(observed):
            until(told_of, "the lost lines are told of", 180)
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: lost(quick) == {"resolved"}, "they end")


def lost(instance: Instance) -> set[str]:
    """The latest states of the alert."""
    headers = {"Accept": "application/json"}
    found = httpx.get(f"{instance.pages_url}/alerts", headers=headers, trust_env=False).json()
    mine = [one for one in reversed(found) if one["labels"]["alertname"] == "LogRecordsDropped"]
    return set({one["fingerprint"]: one["status"] for one in mine}.values())


def test_what_is_recorded_reaches_prometheus(quick: Instance) -> None:
    def recorded() -> bool:
        for alert in LOGS.alerts:
            say(quick, alert.bad)
        return all(series(quick.prometheus_url, name) for name in (LOG_RECORDS.name, REFUSED_CALLS.name))

    until(recorded, "both are in Prometheus")


def test_loki_understands_every_query_of_the_runbooks(instance: Instance) -> None:
    for alert in LOGS.alerts:
        text = (CHECKOUT / f"alerts/runbooks/{alert.name}.md").read_text()
        for query in re.findall(r"^```logql\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            Loki(instance.loki_url).vector(query.strip())
