"""Prometheus 3, where it was built: it is the one that runs, and every rule and target is well with it."""

import httpx
import pytest

from tests.live.conftest import LivePlatform

pytestmark = pytest.mark.full


@pytest.fixture
def url(observed: LivePlatform) -> str:
    if not (observed.instance.bin / "prometheus").exists():
        pytest.skip("there is no Prometheus 3 on this machine: titanium components build prometheus")
    return observed.instance.prometheus_url


def ask(url: str, query: str) -> list[dict[str, dict[str, str]]]:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False).json()
    found: list[dict[str, dict[str, str]]] = answer["data"]["result"]
    return found


def test_it_is_the_one_that_runs(url: str) -> None:
    build = httpx.get(f"{url}/api/v1/status/buildinfo", trust_env=False).json()["data"]
    assert build["version"].startswith("3.")


def test_every_rule_is_evaluated_without_error(url: str) -> None:
    groups = httpx.get(f"{url}/api/v1/rules", trust_env=False).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert not [rule["lastError"] for rule in rules if rule.get("lastError")]


def test_every_target_is_up_loki_and_jaeger_included(url: str) -> None:
    up = {one["metric"]["job"]: one["value"][1] for one in ask(url, "min by (job) (up)")}  # type: ignore[index]
    assert {"loki", "jaeger", "services", "envoy-stats"} <= up.keys()
    assert set(up.values()) == {"1"}


def test_a_latency_objectives_threshold_is_found_in_its_spelling_of_numbers(url: str) -> None:
    spelled = {
        one["metric"]["le"] for one in ask(url, 'istio_request_duration_milliseconds_bucket{le=~"500(\\\\.0)?"}')
    }
    assert spelled == {"500.0"}
    recorded = ask(url, '{__name__=~"slo:.*", slo=~".*latency.*"}')
    assert recorded, "no record of a latency objective has a value"
