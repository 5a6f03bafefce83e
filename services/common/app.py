"""The composition of a service: middleware, error handlers, and a lifespan that opens and closes its resources.

`create_service_app` is the only place where a service's parts meet. Everything that an endpoint may need is in
`Resources`, on `app.state.resources`; a service adds its own objects in `wire`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from redis.asyncio import Redis

from services.common.boundary import BoundaryMiddleware
from services.common.cache import Cache, connect_redis
from services.common.database import Database
from services.common.errors import (
    DeadlineExceededError,
    InternalError,
    ProblemDocument,
    UnavailableError,
    ValidationFailedError,
    error_responses,
    install_error_handlers,
)
from services.common.health import Health
from services.common.http_client import HttpClient
from services.common.security import TokenVerifier, keys_from_file, keys_from_url
from services.common.settings import ServiceSettings, StoredServiceSettings
from services.common.telemetry.loop_lag import watch_event_loop
from services.common.telemetry.metrics import MetricsMiddleware, ServiceMetrics
from services.common.telemetry.tracing import start_tracing

# What any route may answer, whatever it does.
_COMMON_ERRORS = (InternalError, UnavailableError, DeadlineExceededError)


@dataclass
class Resources:
    """What is open while the application runs."""

    settings: ServiceSettings
    metrics: ServiceMetrics
    health: Health
    http: HttpClient
    cache: Cache
    redis: Redis | None
    tokens: TokenVerifier
    # What a service opens itself in `wire`, it registers here to be closed.
    closing: AsyncExitStack
    optional_database: Database | None = field(default=None)

    @property
    def database(self) -> Database:
        """Return the service's database; a service without one has no business asking."""
        if self.optional_database is None:
            raise RuntimeError(f"{self.settings.service_name} has no database: derive from StoredServiceSettings")
        return self.optional_database


Wire = Callable[[FastAPI, Resources], None]


def get_resources(request: Request) -> Resources:
    """FastAPI dependency: the open resources of the application."""
    resources: Resources = request.app.state.resources
    return resources


def create_service_app(
    settings: ServiceSettings, *, title: str, routers: Sequence[APIRouter], wire: Wire | None = None
) -> FastAPI:
    """Return the application of a service; nothing is opened before its lifespan starts.

    `wire(app, resources)` runs after the resources are open and before the first request.
    """
    metrics = ServiceMetrics(service=settings.service_name, version=settings.service_version)
    health = Health()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            resources = await _open(settings, metrics, health, stack)
            app.state.resources = resources
            database = resources.optional_database
            start_tracing(
                app,
                database.engine if database else None,
                service=settings.service_name,
                version=settings.service_version,
            )
            if wire is not None:
                wire(app, resources)
            yield

    app = FastAPI(
        title=title,
        version=settings.service_version,
        lifespan=lifespan,
        responses=error_responses(*_COMMON_ERRORS),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings, app.state.metrics, app.state.health = settings, metrics, health
    for router in routers:
        app.include_router(router)
    install_error_handlers(app)
    # Added last = outermost: metrics see what the boundary answers.
    app.add_middleware(
        BoundaryMiddleware,
        request_timeout_s=settings.request_timeout_s,
        body_limit_bytes=settings.request_body_limit_bytes,
        trust_timeout_budget=settings.trust_timeout_budget,
    )
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    _document_problems(app)
    return app


async def _open(settings: ServiceSettings, metrics: ServiceMetrics, health: Health, stack: AsyncExitStack) -> Resources:
    http = HttpClient(settings, durations=metrics.client_duration)
    stack.push_async_callback(http.close)
    redis = connect_redis(settings)
    if redis is not None:
        stack.push_async_callback(redis.aclose)
    database = None
    if isinstance(settings, StoredServiceSettings):
        database = Database.from_settings(settings, metrics)
        stack.push_async_callback(database.close)
        health.probes["database"] = database.ping
    await stack.enter_async_context(watch_event_loop(metrics.event_loop_lag))
    return Resources(
        settings=settings,
        metrics=metrics,
        health=health,
        http=http,
        cache=Cache.create(redis, metrics),
        redis=redis,
        tokens=_token_verifier(settings, http),
        closing=stack,
        optional_database=database,
    )


def _token_verifier(settings: ServiceSettings, http: HttpClient) -> TokenVerifier:
    if settings.token_jwks_file is not None:
        keys = keys_from_file(settings.token_jwks_file)
    else:
        keys = keys_from_url(http, f"{str(settings.auth_url).rstrip('/')}/v1/auth/jwks")
    return TokenVerifier(keys, issuer=settings.token_issuer, audience=settings.token_audience)


def _document_problems(app: FastAPI) -> None:
    """Put the schema that every error response refers to into the OpenAPI document."""
    _, definitions = models_json_schema(
        [(ProblemDocument, "serialization")], ref_template="#/components/schemas/{model}"
    )

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(definitions["$defs"])
            _replace_frameworks_validation_errors(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _replace_frameworks_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI documents its own shape for wrong fields on every route with parameters; ours is a problem."""
    ours = error_responses(ValidationFailedError)[ValidationFailedError.status]
    for operations in document["paths"].values():
        for operation in operations.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"]["422"] = ours
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
