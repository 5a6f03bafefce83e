"""The composition root of the blog service: `create_app` is what `services.common.server` starts."""

from fastapi import FastAPI

from services.blog.endpoints import router
from services.blog.service import BlogService
from services.blog.settings import BlogSettings
from services.common.app import Resources, create_service_app
from services.common.settings import load_settings


def create_app(settings: BlogSettings | None = None) -> FastAPI:
    """Return the application; without settings they are read from the environment.

    Raises:
        SettingsError: the environment does not describe a service that can run.
    """
    blog_settings = settings or load_settings(BlogSettings)

    def wire(app: FastAPI, resources: Resources) -> None:
        app.state.blog = BlogService(
            database=resources.database,
            cache=resources.cache,
            cache_ttl_s=blog_settings.cache_ttl_s,
            idempotency_retention_s=blog_settings.idempotency_retention_s,
        )

    return create_service_app(blog_settings, title="Titanium blog", routers=[router], wire=wire)
