"""HTTP endpoints of the auth service: parse, call the service, return."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.auth.errors import (
    AccountExistsError,
    HashingSaturatedError,
    InvalidCredentialsError,
    InvalidRefreshTokenError,
    RefreshTokenReusedError,
)
from services.auth.schemas import Credentials, KeySetDocument, RefreshRequest, Registration, TokenPair
from services.auth.service import AuthService
from services.common.errors import UnauthenticatedError, UnavailableError, ValidationFailedError, error_responses
from services.common.security import Authenticated

router = APIRouter(tags=["auth"])
# Verifiers read the keys again for an unknown key id; five minutes only spare the rest.
_KEYS_CACHE_CONTROL = "public, max-age=300"


def _service(request: Request) -> AuthService:
    service: AuthService = request.app.state.auth
    return service


async def _uncached(response: Response) -> None:
    # RFC 6749, 5.1: answers with tokens are not stored.
    response.headers["cache-control"] = "no-store"


Auth = Annotated[AuthService, Depends(_service)]


@router.post(
    "/v1/auth/register",
    status_code=201,
    dependencies=[Depends(_uncached)],
    responses=error_responses(AccountExistsError, ValidationFailedError, HashingSaturatedError, UnavailableError),
)
async def register(registration: Registration, auth: Auth) -> TokenPair:
    """Create an account and log it in."""
    return await auth.register(registration)


@router.post(
    "/v1/auth/login",
    dependencies=[Depends(_uncached)],
    responses=error_responses(InvalidCredentialsError, ValidationFailedError, HashingSaturatedError, UnavailableError),
)
async def log_in(credentials: Credentials, auth: Auth) -> TokenPair:
    """Begin a session with e-mail address and password."""
    return await auth.log_in(credentials)


@router.post(
    "/v1/auth/refresh",
    dependencies=[Depends(_uncached)],
    responses=error_responses(InvalidRefreshTokenError, RefreshTokenReusedError, ValidationFailedError),
)
async def refresh(request: RefreshRequest, auth: Auth) -> TokenPair:
    """Trade a refresh token for a new pair; each works once."""
    return await auth.refresh(request.refresh_token.get_secret_value())


@router.post("/v1/auth/logout", status_code=204, responses=error_responses(ValidationFailedError))
async def log_out(request: RefreshRequest, auth: Auth) -> None:
    """End the session of a refresh token."""
    await auth.log_out(request.refresh_token.get_secret_value())


@router.delete("/v1/auth/account", status_code=204, responses=error_responses(UnauthenticatedError))
async def delete_account(principal: Authenticated, auth: Auth) -> None:
    """Delete your account, your profile and all your sessions for good."""
    await auth.delete_account(principal)


@router.get("/v1/auth/jwks", response_model=KeySetDocument)
@router.get("/.well-known/jwks.json", response_model=KeySetDocument)
async def read_keys(request: Request, response: Response) -> dict[str, Any]:
    """Return the public keys that verify access tokens."""
    response.headers["cache-control"] = _KEYS_CACHE_CONTROL
    document: dict[str, Any] = request.app.state.public_keys
    return document
