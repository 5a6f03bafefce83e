"""The catalogue of what others write is true: Prometheus here has every metric of it, with exactly those labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.request import ProxyHandler, build_opener

import pytest

from services.common.telemetry import foreign
from tests.live.metric_labels import labels_of
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


def running(live: LivePlatform) -> set[str]:
    """Jobs of which every target is scraped."""
    return {job for job in foreign.JOBS if series(live.instance.prometheus_url, f'min(up{{job="{job}"}})') == [1.0]}


@pytest.mark.parametrize("job", sorted(set(foreign.JOBS) - {"loki"}))
def test_a_job_writes_what_the_catalogue_says(platform: LivePlatform, job: str) -> None:
    wait_until(lambda: job in running(platform), f"{job} is scraped", 30)
    found = {metric: labels_of(platform, metric, job) for metric in foreign.JOBS[job]}
    wrong = {
        metric: there
        for metric, there in found.items()
        if there != foreign.JOBS[job][metric] and not (metric in SILENT and there is None)
    }
    assert wrong == {}


def test_the_mesh_writes_istios_labels(platform: LivePlatform) -> None:
    found = labels_of(platform, "istio_requests_total", "envoy-stats")
    assert found == foreign.ISTIO["istio_requests_total"] - {"grpc_response_status"}  # nobody speaks gRPC here
    for metric, labels in foreign.ISTIO.items():
        assert (labels_of(platform, metric, "envoy-stats") or frozenset()) <= labels, metric


def test_silent_metrics_are_in_the_catalogue() -> None:
    assert foreign.METRICS.keys() >= SILENT


def test_every_target_is_scraped(platform: LivePlatform) -> None:
    with _opener.open(f"{platform.instance.prometheus_url}/api/v1/targets?state=active", timeout=10) as response:
        targets = json.load(response)["data"]["activeTargets"]
    assert {target["labels"]["job"] for target in targets} <= foreign.JOBS.keys() | {"jaeger"}
    assert {"postgres", "valkey", "node"} <= {target["labels"]["job"] for target in targets}
    assert [target["scrapeUrl"] for target in targets if target["health"] != "up"] == []
