"""Loki and Jaeger: who is told of them when they are there, and that nobody is when they are not."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from services.common.telemetry.registry import SpanAttribute
from workbench.errors import UsageError
from workbench.platform import monitoring
from workbench.platform.backends import JAEGER_CONFIGURATION, LOKI_CONFIGURATION, Backends
from workbench.platform.instance import CHECKOUT, Instance

LOKI, JAEGER = Path("/opt/loki"), Path("/opt/jaeger")


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path, tmp_path / "state", 21000)


def test_without_them_nothing_is_started_told_or_scraped(instance: Instance) -> None:
    none = Backends.found(instance, {"PATH": ""})
    assert (none.loki, none.jaeger) == (None, None)
    assert (none.programs(), none.variables({}), none.addresses(), none.metrics_ports()) == ((), {}, {}, {})


def test_with_them_services_proxies_and_prometheus_know_where_they_are(instance: Instance) -> None:
    both = Backends(instance, LOKI, JAEGER)
    assert [program.name for program in both.programs()] == ["loki", "log-shipper", "jaeger"]
    assert both.variables({})["LOKI_URL"] == "http://127.0.0.1:21060"
    assert both.variables({})["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:21061"
    assert both.addresses() == {"jaeger": ("127.0.0.1", 21061)}
    with_them = monitoring.prometheus_configuration(instance.ports, (), both.metrics_ports())
    without = monitoring.prometheus_configuration(instance.ports)
    assert monitoring.target_count(with_them) == monitoring.target_count(without) + 2


def test_what_the_user_says_in_the_environment_stands(instance: Instance) -> None:
    both = Backends(instance, LOKI, JAEGER)
    mine = {"LOKI_URL": "http://loki.example", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://otlp.example/v1/traces"}
    assert both.variables(mine) == {}


def test_loki_listens_on_loopback_forgets_after_a_day_and_reports_to_nobody(instance: Instance) -> None:
    text = (CHECKOUT / LOKI_CONFIGURATION).read_text()
    loki, _ = Backends(instance, LOKI, None).programs()
    assert loki.environment["LOKI_HOST"] == "127.0.0.1"
    assert loki.environment["LOKI_FOLDER"] == str(instance.state / "loki")
    assert set(re.findall(r"\$\{(\w+):-", text)) == set(loki.environment)
    configuration = YAML(typ="safe").load(text)
    assert configuration["server"]["http_listen_address"] == "${LOKI_HOST:-0.0.0.0}"
    assert configuration["server"]["grpc_listen_address"] == "127.0.0.1"
    assert configuration["limits_config"]["retention_period"] == "24h"
    assert configuration["compactor"]["retention_enabled"]
    assert not configuration["analytics"]["reporting_enabled"]


def test_jaegers_addresses_all_come_from_the_environment_that_it_is_given(instance: Instance) -> None:
    text = (CHECKOUT / JAEGER_CONFIGURATION).read_text()
    (program,) = Backends(instance, None, JAEGER).programs()
    assert program.environment["JAEGER_HOST"] == "127.0.0.1"
    for variable in program.environment:
        assert f"${{env:{variable}:-" in text
    endpoints = re.findall(r"(?:endpoint|host): *(\S+)", text)
    assert len(endpoints) == 5
    assert all(one.startswith('"${env:JAEGER_HOST:-') for one in endpoints)


def test_errors_and_slow_requests_are_always_kept() -> None:
    document = YAML(typ="safe").load((CHECKOUT / JAEGER_CONFIGURATION).read_text())
    policies = {one["name"]: one for one in document["processors"]["tail_sampling"]["policies"]}
    assert policies["errors"]["status_code"]["status_codes"] == ["ERROR"]
    assert policies["slow"]["latency"]["threshold_ms"] == 500
    assert "tail_sampling" in document["service"]["pipelines"]["traces"]["processors"]


def test_what_failed_can_be_searched_for_by_the_attribute_that_dashboards_ask_for() -> None:
    document = YAML(typ="safe").load((CHECKOUT / JAEGER_CONFIGURATION).read_text())
    (action,) = document["processors"]["attributes/failed"]["actions"]
    assert action == {"key": SpanAttribute.FAILED.value, "value": "true", "action": "insert"}
    order = document["service"]["pipelines"]["traces"]["processors"]
    assert order.index("attributes/failed") < order.index("tail_sampling")


def test_what_is_not_wanted_is_not_looked_for(instance: Instance) -> None:
    program = instance.bin / "jaeger"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    assert Backends.found(instance, {"PATH": ""}).jaeger == program
    assert Backends.found(instance, {"PATH": "", "TITANIUM_WITHOUT": "loki, jaeger"}).jaeger is None


def test_an_unwanted_component_that_is_none_is_refused(instance: Instance) -> None:
    with pytest.raises(UsageError, match="TITANIUM_WITHOUT names 'tempo'"):
        Backends.found(instance, {"PATH": "", "TITANIUM_WITHOUT": "tempo"})
