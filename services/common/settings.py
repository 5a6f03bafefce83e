"""Settings of a service: read once from the environment, typed, bounded, with the unit in the name.

A derived class sets `service_name` and adds its own fields. `load_settings` turns whatever is wrong into one
`SettingsError` whose message names the variable and the way out and never shows a password. Values that are only
safe on a developer's machine are refused when `ENVIRONMENT=production`.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_DATABASE_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_REDIS_SCHEMES = frozenset({"redis", "rediss"})

Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(Exception):
    """The environment does not describe a service that can run; the message names the variable."""


def _checked_url(value: SecretStr, schemes: frozenset[str], example: str, *, needs_path: bool) -> SecretStr:
    """Return the URL when it can be connected to; the message shows no part of it, since it may hold a password."""
    parts = urlsplit(value.get_secret_value())
    try:
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if parts.scheme not in schemes or not parts.hostname or not port_is_valid or (needs_path and not parts.path[1:]):
        raise ValueError(f"is not usable; it looks like {example}")
    return value


def _check_database_url(value: SecretStr) -> SecretStr:
    return _checked_url(value, _DATABASE_SCHEMES, "postgresql://user:password@host:5432/database", needs_path=True)


def _check_redis_url(value: SecretStr) -> SecretStr:
    return _checked_url(value, _REDIS_SCHEMES, "redis://host:6379/0", needs_path=False)


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis_url)]


class ServiceSettings(BaseSettings):
    """What every service understands; the environment variable is the field's name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    service_name: ClassVar[str] = "service"

    environment: Literal["development", "production"] = "development"
    service_version: str = "0.0.0-dev"

    http_host: str = "127.0.0.1"
    http_port: Port = 8000
    management_host: str = "127.0.0.1"
    management_port: Port = 9000

    # None = no cache: every read goes to the database.
    redis_url: RedisUrl | None = None
    # A cache that is slower than the database is worse than none: 0.2 s is the longest a read waits for it.
    redis_timeout_s: float = Field(default=0.2, gt=0, le=1)

    outbound_proxy: HttpUrl | None = None
    auth_url: HttpUrl = HttpUrl("http://auth")
    user_url: HttpUrl = HttpUrl("http://user")
    blog_url: HttpUrl = HttpUrl("http://blog")
    http_client_connections: int = Field(default=100, ge=1, le=1000)

    # The longest a request may take in this service, whatever budget the caller sent.
    request_timeout_s: float = Field(default=10.0, gt=0, le=60)
    request_body_limit_bytes: int = Field(default=1_048_576, ge=1, le=16_777_216)

    token_issuer: str = "http://auth"  # noqa: S105 - a name, not a secret
    token_audience: str = "titanium"  # noqa: S105 - a name, not a secret
    # Public keys as a file (a ConfigMap in a cluster), so that the mesh need not let every service call auth.
    token_jwks_file: Path | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    loki_url: HttpUrl | None = None

    # Whether callers may say how much time is left. Not at the edge: a stranger who asks for a millisecond gets a 504,
    # and that counts against our objectives.
    trust_timeout_budget: bool = True

    # Between "not ready" and closing the port, for load balancers to notice.
    shutdown_wait_s: float = Field(default=1.0, ge=0, le=30)
    shutdown_drain_s: float = Field(default=20.0, ge=0, le=120)
    telemetry_flush_s: float = Field(default=2.0, gt=0, le=2)

    @model_validator(mode="after")
    def _refuse_two_servers_on_one_port(self) -> Self:
        if self.http_port == self.management_port:
            raise ValueError(f"HTTP_PORT and MANAGEMENT_PORT are both {self.http_port}; give each its own port")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        if self.environment != "production":
            return self
        if self.service_version == "0.0.0-dev":
            raise ValueError("SERVICE_VERSION must name the build when ENVIRONMENT=production")
        if self.log_level == "DEBUG":
            raise ValueError("LOG_LEVEL=DEBUG is refused when ENVIRONMENT=production: it may log what users send")
        if self.redis_url is None:
            raise ValueError("REDIS_URL must be set when ENVIRONMENT=production")
        return self


class StoredServiceSettings(ServiceSettings):
    """Settings of a service that owns a PostgreSQL database."""

    database_url: DatabaseUrl
    database_pool_size: int = Field(default=10, ge=1, le=100)
    # A request that cannot get a connection within a second has lost its user anyway; waiting longer only piles up.
    database_acquire_timeout_s: float = Field(default=1.0, gt=0, le=1)
    database_connect_timeout_s: float = Field(default=2.0, gt=0, le=10)
    database_command_timeout_s: float = Field(default=5.0, gt=0, le=30)
    # Below the command timeout, so that the server ends the statement before the client gives up on it.
    database_statement_timeout_ms: int = Field(default=4000, ge=1, le=30_000)

    @model_validator(mode="after")
    def _refuse_default_password_in_production(self) -> Self:
        password = urlsplit(self.database_url.get_secret_value()).password
        if self.environment == "production" and password in {None, "", "postgres", "password"}:
            raise ValueError("DATABASE_URL needs a real password when ENVIRONMENT=production")
        return self


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(settings_class: type[SettingsT]) -> SettingsT:
    """Read the settings from the environment.

    Raises:
        SettingsError: a variable is missing or unusable; one line a variable, no values of secrets.
    """
    try:
        return settings_class()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(item["loc"], item["msg"]) for item in error.errors())) from None


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ")
    if not location:
        return reason
    variable = str(location[0]).upper()
    return f"{variable} is not set" if reason == "Field required" else f"{variable}: {reason}"
