"""The composition root of the gateway: `create_app` is what `services.common.server` starts."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from services.api_gateway.endpoints import build_router
from services.api_gateway.headers import HeaderLimitMiddleware, SecurityHeadersMiddleware
from services.api_gateway.rate_limit import Limit, RateLimiter
from services.api_gateway.routes import ROUTES, RateClass, Upstream
from services.api_gateway.service import Gateway
from services.api_gateway.settings import GatewaySettings
from services.common.app import Resources, create_service_app
from services.common.settings import load_settings
from services.common.telemetry.metrics import make_counter
from services.common.telemetry.registry import RATE_LIMIT_DECISIONS


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """Return the application; without settings they are read from the environment.

    Raises:
        SettingsError: the environment does not describe a service that can run.
    """
    gateway_settings = settings or load_settings(GatewaySettings)

    def wire(app: FastAPI, resources: Resources) -> None:
        decisions = make_counter(RATE_LIMIT_DECISIONS, resources.metrics.registry)
        app.state.gateway = Gateway(
            http=resources.http,
            tokens=resources.tokens,
            limiter=RateLimiter(resources.redis, decisions=decisions),
            limits=rate_limits(gateway_settings),
            upstreams=upstream_urls(gateway_settings),
            trusted_proxies=gateway_settings.trusted_proxies,
        )

    app = create_service_app(gateway_settings, title="Titanium", routers=[build_router(ROUTES)], wire=wire)
    # Innermost: the error boundary renders what it refuses, and metrics count it.
    app.user_middleware.append(
        Middleware(
            HeaderLimitMiddleware,
            limit_bytes=gateway_settings.header_limit_bytes,
            limit_count=gateway_settings.header_limit_count,
        )
    )
    app.add_middleware(SecurityHeadersMiddleware)
    return app


def rate_limits(settings: GatewaySettings) -> dict[RateClass, Limit]:
    """Return the limit of every kind of request."""
    return {
        RateClass.READ: Limit(settings.rate_read_per_s, settings.rate_read_burst),
        RateClass.WRITE: Limit(settings.rate_write_per_s, settings.rate_write_burst),
        RateClass.CREDENTIALS: Limit(settings.rate_credentials_per_s, settings.rate_credentials_burst),
    }


def upstream_urls(settings: GatewaySettings) -> dict[Upstream, str]:
    """Return the address of every service behind the gateway."""
    return {
        Upstream.AUTH: str(settings.auth_url).rstrip("/"),
        Upstream.USER: str(settings.user_url).rstrip("/"),
        Upstream.BLOG: str(settings.blog_url).rstrip("/"),
    }
