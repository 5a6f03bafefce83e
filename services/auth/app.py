"""The auth service's application: its settings, routes and service put together."""

from typing import Any

from fastapi import FastAPI

from services.auth.endpoints import router
from services.auth.passwords import Passwords
from services.auth.profiles import Profiles
from services.auth.service import AuthService
from services.auth.settings import AuthSettings
from services.auth.tokens import AccessTokens, SigningKey
from services.common.app import Resources, create_service_app
from services.common.security import CachedKeys, TokenVerifier
from services.common.settings import load_settings
from services.common.telemetry.metrics import make_counter
from services.common.telemetry.registry import ARGON2_REJECTED


def create_app(settings: AuthSettings | None = None) -> FastAPI:
    """Return the application; without settings they come from the environment."""
    chosen = settings or load_settings(AuthSettings)
    key = SigningKey.from_file(chosen.signing_key_file)

    async def own_keys() -> dict[str, Any]:
        return key.public_document()

    def wire(app: FastAPI, resources: Resources) -> None:
        # The issuer verifies with its own key instead of asking itself over HTTP.
        resources.tokens = TokenVerifier(
            CachedKeys(own_keys), issuer=chosen.token_issuer, audience=chosen.token_audience
        )
        app.state.public_keys = key.public_document()
        passwords = Passwords(chosen, rejected=make_counter(ARGON2_REJECTED, resources.metrics.registry))
        resources.closing.callback(passwords.close)
        app.state.auth = AuthService(
            chosen,
            database=resources.database,
            passwords=passwords,
            access_tokens=AccessTokens(key, chosen.token_issuer, chosen.token_audience, chosen.access_token_lifetime_s),
            profiles=Profiles(resources.http, user_url=str(chosen.user_url)),
        )

    return create_service_app(chosen, title="Auth", routers=[router], wire=wire)
