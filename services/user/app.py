"""The user service's application: its settings, routes and service put together."""

from fastapi import FastAPI

from services.common.app import Resources, create_service_app
from services.common.settings import load_settings
from services.user.endpoints import router
from services.user.service import UserService
from services.user.settings import UserSettings


def create_app(settings: UserSettings | None = None) -> FastAPI:
    """Return the application; without settings they come from the environment."""
    chosen = settings or load_settings(UserSettings)

    def wire(app: FastAPI, resources: Resources) -> None:
        app.state.users = UserService(
            database=resources.database, cache=resources.cache, cache_ttl_s=chosen.cache_ttl_s
        )

    return create_service_app(chosen, title="User", routers=[router], wire=wire)
