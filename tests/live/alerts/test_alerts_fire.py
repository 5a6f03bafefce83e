"""Each alert fires when its cause is really made, arrives with links that lead somewhere, and ends when it is undone.

Causes that do not disturb each other are made at the same time.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from alerts.catalogue import metric_alerts
from slo.rules import names
from tests.live.alerts import causes

if TYPE_CHECKING:
    from tests.live.alerts.causes import Cause
    from tests.live.conftest import LivePlatform

_opener = build_opener(ProxyHandler({}))
# Causes that are made together, and the alerts that they must raise.
SCENES: dict[str, tuple[list[Cause], set[str]]] = {
    "full, old, forgotten, short-lived, aborted": (
        [
            *(causes.old_backup, causes.many_connections, causes.full_valkey, causes.deadlocks, causes.forgotten_slot),
            *(causes.short_certificates, causes.aborted_requests),
        ],
        {
            *("BackupTooOld", "PostgresConnectionsNearLimit", "ValkeyMemoryNearLimit", "PostgresDeadlocks"),
            *("PostgresReplicationLag", "CertificateNotRenewed", "CertificateExpiresSoon", names.BURN_ALERT),
        },
    ),
    "a cache and a service that are down, configurations that are wrong": (
        [
            causes.stopped("valkey", "user"),
            causes.frozen_now_and_then,
            causes.alertmanager_with_nonsense,
            causes.prometheus_with(lambda one: one.update(nonsense=True)),
        ],
        {
            *("ValkeyDown", "TargetDown", "MeshUpstreamUnreachable", "EventLoopBlocked"),
            *("PrometheusConfigReloadFailed", "AlertmanagerConfigReloadFailed"),
        },
    ),
    "a lock, and a service that restarts": (
        [causes.locked_posts, causes.restarts],
        {"DatabasePoolSaturated", "DatabasePoolTimeouts", "ServiceRestarting"},
    ),
    "no database, wrong rules": (
        [causes.stopped("postgres"), causes.wrong_rule],
        {"PostgresDown", "RuleEvaluationFailing"},
    ),
    "too many logins, rules in a hurry": (
        [causes.login_flood, causes.hurried_rules],
        {"PasswordHashingSaturated", "RuleGroupsLate"},
    ),
    "busy processors": ([causes.busy_processors], {"MachineProcessorBusy"}),
    "nobody is scraped": (
        [causes.prometheus_with(lambda one: one.update(scrape_configs=[]))],
        {"ServiceTargetsAbsent", "MeshTargetsAbsent"},
    ),
}
# Prometheus remembers targets for five minutes after they left its configuration, whatever the rules are.
DEADLINES_S = {"nobody is scraped": 420}
# The first is made in every run; the others take minutes (`make test-alerts`).
FIRST, *REST = SCENES
# Alerts whose cause is not made here, and why. promtool plays all of them (tests/contract/alerts).
NOT_MADE = {
    "CacheUnavailable": "has a test of its own: Valkey's death silences it",
    "MachineMemoryShort": "would take the memory away from everything else on the machine",
    "DiskNearlyFull": "the same for the disk",
    "MeshPlaintext": "STRICT mutual TLS refuses every such call; the security tests of the mesh show it",
    "MeshMetricsAbsent": "needs proxies that have never had a request",
    "ServiceMetricsAbsent": "needs a service that has never had a request",
    "PrometheusStorageFailing": "needs a broken disk",
    "LogRecordsDropped": "needs Loki: made in tests/live/full",
    "PrometheusHasNoAlertmanager": "has a test of its own: it cannot reach the receiver",
    "PrometheusDropsAlerts": "the same",
    "AlertmanagerNotificationsFailing": "the same",
}


# The machine has other work, too: these tell the truth about it.
OF_THE_MACHINE = {"MachineProcessorBusy", "MachineMemoryShort", "DiskNearlyFull"}


def received(live: LivePlatform) -> list[dict[str, Any]]:
    request = Request(f"{live.instance.pages_url}/alerts", headers={"Accept": "application/json"})  # noqa: S310
    with _opener.open(request, timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)
    return found


def states(live: LivePlatform) -> dict[str, str]:
    """The latest state of every alert that arrived: `firing` as long as any of its kind does."""
    latest: dict[str, dict[str, str]] = {}
    for alert in received(live):
        kind = latest.setdefault(alert["labels"]["alertname"], {})
        kind.setdefault(alert["fingerprint"], alert["status"])
    return {name: "firing" if "firing" in kind.values() else "resolved" for name, kind in latest.items()}


def wait_for(live: LivePlatform, wanted: set[str], state: str, deadline_s: float) -> None:
    ends = monotonic() + deadline_s
    while missing := {name for name in wanted if states(live).get(name) != state}:
        assert monotonic() < ends, f"not {state} after {deadline_s:.0f} s: {sorted(missing)}; {states(live)}"
        sleep(1)


def firing_in_prometheus(live: LivePlatform) -> set[str]:
    with _opener.open(f"{live.instance.prometheus_url}/api/v1/alerts", timeout=10) as response:
        found = json.load(response)["data"]["alerts"]
    return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}


def test_with_load_and_nothing_broken_only_the_watchdog_fires(watched: LivePlatform) -> None:
    wait_for(watched, {"Watchdog"}, "firing", 60)
    ends = monotonic() + 30
    while monotonic() < ends:
        assert firing_in_prometheus(watched) - OF_THE_MACHINE == {"Watchdog"}
        sleep(1)


@pytest.mark.timeout(700)
@pytest.mark.parametrize("scene", [FIRST, *(pytest.param(scene, marks=pytest.mark.causes) for scene in REST)])
def test_an_alert_fires_for_its_cause_and_ends_with_it(scene: str, watched: LivePlatform) -> None:
    made, raised = SCENES[scene]
    with ExitStack() as stack:
        for cause in made:
            stack.enter_context(cause(watched))
        wait_for(watched, raised, "firing", DEADLINES_S.get(scene, 120))
    wait_for(watched, raised, "resolved", 180)
    for alert in received(watched):
        if alert["labels"]["alertname"] in raised:
            assert_leads_somewhere(alert)


def assert_leads_somewhere(alert: dict[str, Any]) -> None:
    said = alert["annotations"]
    assert "{{" not in said["description"] + said["dashboard_url"]
    assert "<no value>" not in said["description"]
    assert "<error" not in said["description"] + said["dashboard_url"]
    for address in (said["runbook_url"], said["dashboard_url"]):
        with _opener.open(address.replace(" ", "%20"), timeout=20) as response:
            assert response.status == 200, address


@pytest.mark.causes
@pytest.mark.timeout(300)
def test_a_cause_that_is_known_already_is_silenced(watched: LivePlatform) -> None:
    """With Valkey down nobody is told that the cache is not there: the alert fires, and goes no further."""
    with causes.stopped("valkey")(watched):
        wait_for(watched, {"ValkeyDown"}, "firing", 60)
        ends = monotonic() + 60
        while "CacheUnavailable" not in firing_in_prometheus(watched):
            assert monotonic() < ends, firing_in_prometheus(watched)
            sleep(1)
        sleep(5)
        assert states(watched).get("CacheUnavailable") != "firing"
    wait_for(watched, {"ValkeyDown"}, "resolved", 60)


@pytest.mark.causes
@pytest.mark.timeout(300)
def test_what_cannot_reach_anybody_fires_all_the_same(watched: LivePlatform) -> None:
    def until(name: str) -> None:
        ends = monotonic() + 90
        while name not in firing_in_prometheus(watched):
            assert monotonic() < ends, f"{name} does not fire: {firing_in_prometheus(watched)}"
            sleep(1)

    with causes.stopped("pages")(watched):
        until("AlertmanagerNotificationsFailing")
    with causes.prometheus_with(lambda one: one.pop("alerting"))(watched):
        until("PrometheusHasNoAlertmanager")
    with causes.stopped("alertmanager")(watched):
        until("PrometheusDropsAlerts")
    wait_for(watched, {"AlertmanagerNotificationsFailing"}, "resolved", 120)


def test_every_alert_is_made_or_it_is_said_why_not() -> None:
    raised = {name for _, alerts_of in SCENES.values() for name in alerts_of}
    assert {alert.name for alert in metric_alerts()} == (raised - {names.BURN_ALERT}) | NOT_MADE.keys() | {"Watchdog"}
