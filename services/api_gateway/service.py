"""What the gateway does with a request of its table: limit, verify, forward within one time budget, pass the answer on.

Contract: the token is verified here and sent on, because services act as the user and check it again; a route without
authentication gets no token. A problem from a service passes untouched; an error answer that is no problem did not
come from a service but from the mesh or a crash, and becomes one. Nothing is retried here: the mesh repeats failed
connections, and nobody may repeat a write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from yarl import URL

from services.api_gateway import headers
from services.api_gateway.rate_limit import Limit, RateLimiter
from services.api_gateway.routes import RateClass, Route, Upstream
from services.common.errors import (
    PROBLEM_MEDIA_TYPE,
    BadGatewayError,
    DeadlineExceededError,
    PayloadTooLargeError,
    ProblemError,
    UnauthenticatedError,
    UnavailableError,
)
from services.common.http_client import HttpResponse
from services.common.security import Principal

_MESH_ERRORS: dict[int, type[ProblemError]] = {503: UnavailableError, 504: DeadlineExceededError}


class Client(Protocol):
    """How the gateway calls a service (`services.common.http_client.HttpClient`)."""

    async def request(
        self,
        method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float | None = None,
    ) -> HttpResponse: ...


class Verifier(Protocol):
    """How the gateway verifies a token (`services.common.security.TokenVerifier`)."""

    async def verify(self, token: str) -> Principal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Forwards requests to the services; `upstreams` are URLs without a path."""

    http: Client
    tokens: Verifier
    limiter: RateLimiter
    limits: Mapping[RateClass, Limit]
    upstreams: Mapping[Upstream, str]
    trusted_proxies: int

    async def forward(self, route: Route, request: Request) -> Response:
        """Answer one request.

        Raises:
            ProblemError: the request is refused, or there is no usable answer in time.
        """
        deadline = monotonic() + route.timeout_s
        raw_headers = request.scope["headers"]
        principal = await self.tokens.verify(bearer_token(raw_headers)) if route.authenticated else None
        caller = str(principal.account_id) if principal else self._address(request)
        await self.limiter.check(f"{route.rate_class}:{caller}", self.limits[route.rate_class])
        body = await read_body(request, route.body_limit_bytes) if route.body_limit_bytes else None
        answer = await self.http.request(
            route.method,
            self._target(route, request),
            headers=headers.forwarded_request_headers(raw_headers, token=principal.token if principal else None),
            body=body,
            timeout_s=deadline - monotonic(),
        )
        return passed_on(answer, route)

    def _target(self, route: Route, request: Request) -> URL:
        # The path as it came: decoding and encoding it again would change what the service sees.
        path = route.upstream_path or request.scope["raw_path"].decode("ascii")
        query = request.scope["query_string"].decode("latin-1")
        return URL(f"{self.upstreams[route.upstream]}{path}{'?' if query else ''}{query}", encoded=True)

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else "unknown"
        return headers.client_address(request.scope["headers"], peer=peer, trusted_proxies=self.trusted_proxies)


def bearer_token(raw_headers: headers.RawHeaders) -> str:
    """Return the token of the only Authorization header.

    Raises:
        UnauthenticatedError: there is none, another scheme, or more than one header (services might read the other).
    """
    values = [value for name, value in raw_headers if name == b"authorization"]
    if len(values) != 1:
        raise UnauthenticatedError
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError
    return token.strip()


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the whole body; it is bounded, and an upstream should not wait for a slow client.

    Raises:
        PayloadTooLargeError: it is longer than the limit, by its declaration or by count (chunked).
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def passed_on(answer: HttpResponse, route: Route) -> Response:
    """Return the caller's answer.

    Raises:
        ProblemError: the answer is an error, but not one of a service.
    """
    is_problem = answer.headers.get("content-type", "").startswith(PROBLEM_MEDIA_TYPE)
    if answer.status >= 400 and not is_problem:  # noqa: PLR2004 - HTTP's client errors begin here
        error = _MESH_ERRORS.get(answer.status, BadGatewayError)
        retry_after_s = 1 if error is UnavailableError else None
        raise error(f"{route.upstream} cannot be reached or is not well.", retry_after_s=retry_after_s)
    return Response(answer.body, answer.status, headers.forwarded_response_headers(answer.headers))


def _too_large(limit_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body may have up to {limit_bytes} bytes.")
