"""The public API as one table: what may be asked, who answers it, and what it may cost.

Contract: whatever is not in `ROUTES` does not exist for the public. A path is a template (`/v1/posts/{post_id}`),
equal at the gateway and at the service unless `upstream_path` says otherwise; more specific paths come first. Times
in seconds, sizes in bytes. The endpoints, the metrics' route labels, the limits and the OpenAPI document all come
from here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from services.api_gateway.errors import HeadersTooLargeError, PreconditionFailedError
from services.common.errors import (
    BadGatewayError,
    ConflictError,
    ForbiddenError,
    MalformedRequestError,
    NotFoundError,
    PayloadTooLargeError,
    ProblemError,
    TooManyRequestsError,
    UnauthenticatedError,
    ValidationFailedError,
)


class Upstream(StrEnum):
    """The services behind the gateway."""

    AUTH = "auth"
    USER = "user"
    BLOG = "blog"


class RateClass(StrEnum):
    """Kinds of requests that share a rate limit; the settings have the figures."""

    READ = "read"
    WRITE = "write"
    CREDENTIALS = "credentials"


Errors = tuple[type[ProblemError], ...]

# A read that takes longer has missed its objective (500 ms) long ago; 3 s leaves room for a retry of the mesh.
READ_TIMEOUT_S: Final = 3.0
WRITE_TIMEOUT_S: Final = 5.0
# Registering creates a profile as well, and argon2 queues under load.
CREDENTIALS_TIMEOUT_S: Final = 8.0

SMALL_BODY_BYTES: Final = 16_384
# 50 000 characters of UTF-8, escaped in the worst case, with title and tags.
POST_BODY_BYTES: Final = 524_288


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One public operation. `body_limit_bytes` 0 = a body is not expected and not passed on."""

    method: str
    path: str
    upstream: Upstream
    summary: str
    authenticated: bool = False
    rate_class: RateClass = RateClass.READ
    timeout_s: float = READ_TIMEOUT_S
    body_limit_bytes: int = 0
    success: int = 200
    upstream_errors: Errors = ()
    upstream_path: str | None = None

    @property
    def errors(self) -> Errors:
        """Every error that the operation can answer, the gateway's own included."""
        own: Errors = (TooManyRequestsError, HeadersTooLargeError, BadGatewayError)
        if self.authenticated:
            own = (*own, UnauthenticatedError)
        if self.body_limit_bytes:
            own = (*own, PayloadTooLargeError, MalformedRequestError, ValidationFailedError)
        return (*own, *self.upstream_errors)


_read = partial(Route, method="GET")
_write = partial(Route, authenticated=True, rate_class=RateClass.WRITE, timeout_s=WRITE_TIMEOUT_S)
_credentials = partial(
    Route,
    method="POST",
    upstream=Upstream.AUTH,
    rate_class=RateClass.CREDENTIALS,
    timeout_s=CREDENTIALS_TIMEOUT_S,
    body_limit_bytes=SMALL_BODY_BYTES,
)

_OWN_POST: Final[Errors] = (ForbiddenError, NotFoundError, PreconditionFailedError, ValidationFailedError)

_AUTH: Final = (
    _credentials(path="/v1/auth/register", summary="Create an account", success=201, upstream_errors=(ConflictError,)),
    _credentials(path="/v1/auth/login", summary="Log in", upstream_errors=(UnauthenticatedError,)),
    _credentials(
        path="/v1/auth/refresh",
        summary="Trade a refresh token for new tokens",
        upstream_errors=(UnauthenticatedError,),
    ),
    _credentials(path="/v1/auth/logout", summary="End a session", success=204),
    _write(
        method="DELETE", path="/v1/auth/account", upstream=Upstream.AUTH, summary="Delete your account", success=204
    ),
    _read(path="/v1/auth/jwks", upstream=Upstream.AUTH, summary="Public keys that verify access tokens"),
    _read(path="/.well-known/jwks.json", upstream=Upstream.AUTH, summary="Public keys that verify access tokens"),
)

_USERS: Final = (
    _read(
        path="/v1/users/me",
        upstream=Upstream.USER,
        summary="Read your own profile",
        authenticated=True,
        upstream_errors=(NotFoundError, ConflictError),
    ),
    _write(
        method="PATCH",
        path="/v1/users/me",
        upstream=Upstream.USER,
        summary="Change your profile",
        body_limit_bytes=SMALL_BODY_BYTES,
        upstream_errors=(NotFoundError, ConflictError),
    ),
    # The account is auth's, which has the profile deleted as well.
    _write(
        method="DELETE",
        path="/v1/users/me",
        upstream=Upstream.AUTH,
        upstream_path="/v1/auth/account",
        summary="Delete your account",
        success=204,
    ),
    _read(
        path="/v1/users/{handle}",
        upstream=Upstream.USER,
        summary="Read a profile",
        upstream_errors=(NotFoundError, ValidationFailedError),
    ),
)

_POSTS: Final = (
    _read(
        path="/v1/posts",
        upstream=Upstream.BLOG,
        summary="List posts, newest first",
        upstream_errors=(ValidationFailedError,),
    ),
    _write(
        method="POST",
        path="/v1/posts",
        upstream=Upstream.BLOG,
        summary="Publish a post",
        body_limit_bytes=POST_BODY_BYTES,
        success=201,
    ),
    _read(
        path="/v1/posts/{post_id}",
        upstream=Upstream.BLOG,
        summary="Read a post",
        upstream_errors=(NotFoundError, ValidationFailedError),
    ),
    _write(
        method="PATCH",
        path="/v1/posts/{post_id}",
        upstream=Upstream.BLOG,
        summary="Edit an own post",
        body_limit_bytes=POST_BODY_BYTES,
        upstream_errors=_OWN_POST,
    ),
    _write(
        method="DELETE",
        path="/v1/posts/{post_id}",
        upstream=Upstream.BLOG,
        summary="Delete an own post",
        success=204,
        upstream_errors=_OWN_POST,
    ),
    _read(path="/v1/tags", upstream=Upstream.BLOG, summary="List tags"),
)

# The hot paths first: the router tries the routes in turn.
ROUTES: Final = (*_POSTS, *_USERS, *_AUTH)
