"""Which headers pass the gateway, in both directions, and which it adds.

Contract: lists of what may pass, not of what may not: hop-by-hop headers, forged identities (`X-User-*`,
`X-Forwarded-Client-Cert`, `X-Envoy-*` …) and whatever is invented next stop here without being named. The request id,
the trace context and the time budget are written by the HTTP client, never copied from the caller.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api_gateway.errors import HeadersTooLargeError

_REQUEST: Final = frozenset(
    {
        b"accept",
        b"accept-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"user-agent",
    }
)
_RESPONSE: Final = (
    "content-type",
    "etag",
    "location",
    "cache-control",
    "retry-after",
    "www-authenticate",
    "idempotency-replayed",
    "vary",
)

# OWASP's REST security cheat sheet: an API serves no documents, so nothing may frame or interpret its answers.
SECURITY_HEADERS: Final = (
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

RawHeaders = Iterable[tuple[bytes, bytes]]


def forwarded_request_headers(headers: RawHeaders, *, token: str | None) -> dict[str, str]:
    """Return what a service gets to see; the token only when this gateway has verified it."""
    passed = {name.decode(): value.decode("latin-1") for name, value in headers if name in _REQUEST}
    if token is not None:
        passed["authorization"] = f"Bearer {token}"
    return passed


def forwarded_response_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what the caller gets to see."""
    return {name: headers[name] for name in _RESPONSE if name in headers}


def client_address(headers: RawHeaders, *, peer: str, trusted_proxies: int) -> str:
    """Return the address that the outermost proxy of ours saw; entries before it may be anybody's invention."""
    if trusted_proxies == 0:
        return peer
    values = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
    hops = [hop.strip() for hop in values.split(",") if hop.strip()]
    return hops[-trusted_proxies][:64] if len(hops) >= trusted_proxies else peer


class SecurityHeadersMiddleware:
    """Adds the security headers to every answer, errors included; the outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)


class HeaderLimitMiddleware:
    """Refuses requests whose headers are too many or too long; inside the error boundary, which renders the 431."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, limit_count: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._limit_count = limit_count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._check(scope["headers"])
        await self._app(scope, receive, send)

    def _check(self, headers: list[tuple[bytes, bytes]]) -> None:
        if len(headers) > self._limit_count:
            raise HeadersTooLargeError(f"A request may have up to {self._limit_count} headers.")
        if sum(len(name) + len(value) for name, value in headers) > self._limit_bytes:
            raise HeadersTooLargeError(f"The headers of a request may have up to {self._limit_bytes} bytes.")
