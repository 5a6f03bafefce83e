"""The catalogue of what others write is true: Prometheus here has every metric of it, with exactly those labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

import pytest

from services.common.telemetry import foreign
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

# What a healthy local platform does not write: a replication slot, a backup, an agent, an injected fault.
SILENT: Final = {
    "pg_replication_slots_pg_wal_lsn_diff",
    "titanium_backup_last_success_timestamp_seconds",
    "istio_agent_cert_expiry_seconds",
    "envoy_http_fault_delays_injected",
    "envoy_http_fault_aborts_injected",
}
_opener = build_opener(ProxyHandler({}))


def labels_of(live: LivePlatform, metric: str, job: str) -> set[frozenset[str]]:
    """The sets of labels that series of a metric have, without those of the target."""
    selector = quote(f'{metric}{{job="{job}"}}')
    with _opener.open(f"{live.instance.prometheus_url}/api/v1/series?match[]={selector}", timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)["data"]
    return {frozenset(one) - foreign.OF_TARGETS - {"__name__", "le"} for one in found}


def running(live: LivePlatform) -> set[str]:
    """Jobs of which every target is scraped."""
    return {job for job in foreign.JOBS if series(live.instance.prometheus_url, f'min(up{{job="{job}"}})') == [1.0]}


@pytest.mark.parametrize("job", sorted(set(foreign.JOBS) - {"loki"}))
def test_a_job_writes_what_the_catalogue_says(platform: LivePlatform, job: str) -> None:
    wait_until(lambda: job in running(platform), f"{job} is scraped", 30)
    wrong = {
        metric: [sorted(one) for one in there]
        for metric, labels in foreign.JOBS[job].items()
        if (there := labels_of(platform, metric, job)) != {labels} and not (metric in SILENT and not there)
    }
    assert wrong == {}


def test_loki_writes_what_the_catalogue_says(platform: LivePlatform) -> None:
    if "loki" not in running(platform):
        pytest.skip("Loki is an optional component, and not running here")
    found = {metric: labels_of(platform, metric, "loki") for metric in foreign.JOBS["loki"]}
    assert {metric: there for metric, there in found.items() if there - {foreign.JOBS["loki"][metric]}} == {}
    assert found["up"]


def test_the_mesh_writes_istios_labels(platform: LivePlatform) -> None:
    for metric, labels in foreign.ISTIO.items():
        found = labels_of(platform, metric, "envoy-stats")
        # A label without a value is none in Prometheus, so that a series may have fewer.
        assert all(one <= labels for one in found), f"{metric}: {[sorted(one - labels) for one in found]}"
    assert labels_of(platform, "istio_requests_total", "envoy-stats")


def test_silent_metrics_are_in_the_catalogue() -> None:
    assert foreign.METRICS.keys() >= SILENT


def test_every_target_is_scraped(platform: LivePlatform) -> None:
    with _opener.open(f"{platform.instance.prometheus_url}/api/v1/targets?state=active", timeout=10) as response:
        targets = json.load(response)["data"]["activeTargets"]
    assert {target["labels"]["job"] for target in targets} <= foreign.JOBS.keys() | {"jaeger"}
    assert {"postgres", "valkey", "node"} <= {target["labels"]["job"] for target in targets}
    assert [target["scrapeUrl"] for target in targets if target["health"] != "up"] == []
