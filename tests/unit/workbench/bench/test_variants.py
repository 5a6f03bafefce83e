"""The environment of a service in each edition of the platform."""

import pytest

from workbench.bench.variants import BARE, EVERYTHING, MESH_ONLY, TELEMETRY_ONLY, VARIANTS, Direct, Variant, environment

GIVEN = {
    "PATH": "/usr/bin",
    "HTTP_PORT": "21010",
    "OUTBOUND_PROXY": "http://127.0.0.1:21013",
    "AUTH_URL": "http://auth",
    "BLOG_URL": "http://blog",
    "DATABASE_URL": "postgresql://blog:p%40ss@127.0.0.1:21046/blog",
    "REDIS_URL": "redis://127.0.0.1:21047/0",
    "OTEL_SERVICE_NAME": "blog",
    "LOKI_URL": "http://elsewhere",
}
DIRECT = Direct(apps={"auth": 21020, "blog": 21040}, database=21003, cache=21004)
SINK = "http://127.0.0.1:4000"


def made(variant: Variant) -> dict[str, str]:
    return environment(variant, GIVEN, direct=DIRECT, sink_url=SINK)


@pytest.mark.parametrize("variant", [EVERYTHING, MESH_ONLY])
def test_with_mesh_every_address_stays_the_sidecars(variant: Variant) -> None:
    kept = ("OUTBOUND_PROXY", "AUTH_URL", "BLOG_URL", "DATABASE_URL", "REDIS_URL")
    assert {name: made(variant)[name] for name in kept} == {name: GIVEN[name] for name in kept}


@pytest.mark.parametrize("variant", [TELEMETRY_ONLY, BARE])
def test_without_mesh_nothing_passes_a_sidecar(variant: Variant) -> None:
    result = made(variant)
    assert "OUTBOUND_PROXY" not in result
    assert result["AUTH_URL"] == "http://127.0.0.1:21020"
    assert result["BLOG_URL"] == "http://127.0.0.1:21040"
    assert result["DATABASE_URL"] == "postgresql://blog:p%40ss@127.0.0.1:21003/blog"
    assert result["REDIS_URL"] == "redis://127.0.0.1:21004/0"


@pytest.mark.parametrize("variant", [EVERYTHING, TELEMETRY_ONLY])
def test_with_telemetry_traces_and_logs_go_to_the_sink(variant: Variant) -> None:
    assert made(variant)["OTEL_EXPORTER_OTLP_ENDPOINT"] == made(variant)["LOKI_URL"] == SINK


@pytest.mark.parametrize("variant", [MESH_ONLY, BARE])
def test_without_telemetry_nothing_is_exported_even_if_the_platform_did(variant: Variant) -> None:
    assert not [name for name in made(variant) if name.startswith("OTEL_") or name == "LOKI_URL"]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_what_is_not_about_mesh_or_telemetry_stays(variant: Variant) -> None:
    assert made(variant)["PATH"] == "/usr/bin"
    assert made(variant)["HTTP_PORT"] == "21010"


def test_a_service_without_a_database_gets_none() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "DATABASE_URL"}
    assert "DATABASE_URL" not in environment(BARE, given, direct=DIRECT, sink_url=SINK)
