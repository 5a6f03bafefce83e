"""Settings: what is wrong with the environment is one sentence that names the variable and shows no secret."""

import pytest

from services.common.settings import ServiceSettings, SettingsError, StoredServiceSettings, load_settings

URL = "postgresql://blog:hunter2@db:5432/blog"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SERVICE_VERSION": "1.0.0",
    "REDIS_URL": "redis://cache:6379/0",
    "DATABASE_URL": URL,
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in StoredServiceSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


def load(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> StoredServiceSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings(StoredServiceSettings)


def test_the_database_is_all_that_development_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"DATABASE_URL": URL})

    assert settings.environment == "development"
    assert settings.redis_url is None
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL: is not usable; it looks like postgresql://"),
        ({"DATABASE_URL": "postgresql://u:hunter2@h:port/d"}, "DATABASE_URL: is not usable"),
        ({"DATABASE_URL": "postgresql://u:hunter2@h"}, "DATABASE_URL: is not usable"),
        ({"DATABASE_URL": URL, "REDIS_URL": "http://h"}, "REDIS_URL: is not usable; it looks like redis://"),
        ({"DATABASE_URL": URL, "HTTP_PORT": "0"}, "HTTP_PORT: "),
        ({"DATABASE_URL": URL, "HTTP_PORT": "9000"}, "HTTP_PORT and MANAGEMENT_PORT are both 9000"),
        ({"DATABASE_URL": URL, "REQUEST_TIMEOUT_S": "0"}, "REQUEST_TIMEOUT_S: "),
        ({"DATABASE_URL": URL, "DATABASE_ACQUIRE_TIMEOUT_S": "2"}, "DATABASE_ACQUIRE_TIMEOUT_S: "),
        ({"DATABASE_URL": URL, "TELEMETRY_FLUSH_S": "3"}, "TELEMETRY_FLUSH_S: "),
        ({"DATABASE_URL": URL, "ENVIRONMENT": "staging"}, "ENVIRONMENT: "),
    ],
)
def test_what_is_unusable_is_named_without_secrets(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load(monkeypatch, environment)

    assert str(raised.value).startswith(said)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None, "a chained validation error would show the input"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SERVICE_VERSION": ""}, "SERVICE_VERSION must name the build"),
        ({"LOG_LEVEL": "DEBUG"}, "LOG_LEVEL=DEBUG is refused"),
        ({"REDIS_URL": ""}, "REDIS_URL must be set"),
        ({"DATABASE_URL": "postgresql://blog:postgres@db/blog"}, "DATABASE_URL needs a real password"),
        ({"DATABASE_URL": "postgresql://db/blog"}, "DATABASE_URL needs a real password"),
    ],
)
def test_production_refuses_what_is_only_safe_in_development(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    assert load(monkeypatch, PRODUCTION).environment == "production"

    with pytest.raises(SettingsError, match=said):
        load(monkeypatch, PRODUCTION | change)


def test_two_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"HTTP_PORT: .*; DATABASE_URL is not set"):
        load(monkeypatch, {"HTTP_PORT": "nine"})


def test_every_duration_and_size_carries_its_unit() -> None:
    numbers = {name for name, field in StoredServiceSettings.model_fields.items() if field.annotation in {int, float}}
    counts = {"http_port", "management_port", "http_client_connections", "database_pool_size"}

    assert all(name.endswith(("_s", "_ms", "_bytes")) for name in numbers - counts)
    assert set(ServiceSettings.model_fields) < set(StoredServiceSettings.model_fields)
