"""Who is calling: verification of the platform's access tokens, in every service (it acts as the user, ASVS 8.3.3).

A token is an ES256 JWT of type `at+jwt` (after RFC 9068, without its `client_id`: there is one client) by one issuer
for one audience; no other algorithm is accepted. Public keys come from a JWKS file (`TOKEN_JWKS_FILE`) or from the auth
service's URL and are kept. They are read again when a token names an unknown key, at most once in
`_REFRESH_INTERVAL_S`, so that made-up key ids cannot hammer the source, and when they are older than `MAX_AGE_S`, so
that a withdrawn key ends. A source that fails then is outlived for `MAX_STALE_S`: users come first, but not for ever.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.common.errors import UnauthenticatedError, UnavailableError
from services.common.http_client import HttpClient
from services.common.telemetry.registry import LogMessage

_logger = logging.getLogger(__name__)

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type, not a secret
# Clocks of one cluster differ by less; a token is not accepted longer than this after it has expired.
LEEWAY_S = 5
_REFRESH_INTERVAL_S = 5.0
MAX_AGE_S = 300.0
MAX_STALE_S = 3600.0
_TOKEN_LIMIT_BYTES = 4096

FetchKeys = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated user of a request; `token` is what to forward to act as them."""

    account_id: UUID
    handle: str
    session_id: UUID
    expires_at: int
    token: str


class KeySource(Protocol):
    """Where verification finds public keys."""

    async def keys(self, key_id: str) -> KeySet:
        """Return the key set, read again if `key_id` is not in the one that is kept."""


class CachedKeys:
    """A key source that keeps the set and fetches it again for unknown ids: single-flight and rate-limited."""

    def __init__(self, fetch: FetchKeys, *, clock: Callable[[], float] = monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._ids: frozenset[str] = frozenset()
        self._fetched_at = float("-inf")
        self._next_fetch_at = float("-inf")
        self._lock = asyncio.Lock()

    async def keys(self, key_id: str) -> KeySet:
        if not self._has_fresh(key_id):
            async with self._lock:
                await self._refresh_or_outlive(key_id)
        if self._keys is None:
            raise UnavailableError("The keys that verify tokens cannot be fetched.", retry_after_s=1)
        return self._keys

    def _has_fresh(self, key_id: str) -> bool:
        return self._keys is not None and key_id in self._ids and self._clock() < self._fetched_at + MAX_AGE_S

    async def _refresh_or_outlive(self, key_id: str) -> None:
        """Refresh; a source that fails is outlived by the keys that it gave, for a time."""
        try:
            await self._refresh(key_id)
        except UnavailableError:
            if self._clock() >= self._fetched_at + MAX_STALE_S:
                self._keys, self._ids = None, frozenset()
            if key_id not in self._ids:
                raise
            _logger.warning(LogMessage.KEYS_NOT_READ.value)

    async def _refresh(self, key_id: str) -> None:
        if self._has_fresh(key_id) or self._clock() < self._next_fetch_at:
            return
        # A failed fetch is tried again soon when there is no key at all, otherwise no sooner than a successful one.
        self._next_fetch_at = self._clock() + (_REFRESH_INTERVAL_S if self._keys is not None else 0.5)
        document = await self._fetch()
        try:
            self._keys = KeySet.import_key_set({"keys": document["keys"]})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnavailableError("The keys that verify tokens are not a key set.", retry_after_s=1) from error
        self._ids = frozenset(key.kid for key in self._keys.keys if key.kid is not None)
        self._fetched_at = self._clock()
        self._next_fetch_at = self._clock() + _REFRESH_INTERVAL_S


def keys_from_file(path: Path) -> CachedKeys:
    """Return a key source on a mounted JWKS file; a rotated file is seen at the first token with the new key."""

    async def fetch() -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(await asyncio.to_thread(path.read_bytes))
        except (OSError, ValueError) as error:
            raise UnavailableError("The keys that verify tokens cannot be read.", retry_after_s=1) from error
        return document

    return CachedKeys(fetch)


def keys_from_url(http: HttpClient, url: str) -> CachedKeys:
    """Return a key source on the auth service's JWKS address."""

    async def fetch() -> dict[str, Any]:
        response = await http.request("GET", url, timeout_s=2.0)
        if response.status != 200:  # noqa: PLR2004 - HTTP OK
            raise UnavailableError("The keys that verify tokens cannot be fetched.", retry_after_s=1)
        document: dict[str, Any] = response.json()
        return document

    return CachedKeys(fetch)


class TokenVerifier:
    """Verifies access tokens."""

    def __init__(self, keys: KeySource, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
            sid={"essential": True},
            handle={"essential": True},
        )

    async def verify(self, token: str) -> Principal:
        """Return the principal of a valid token.

        Raises:
            UnauthenticatedError: whatever is wrong with the token; the answer does not say what.
            UnavailableError: there are no keys to verify with.
        """
        if len(token) > _TOKEN_LIMIT_BYTES:
            raise UnauthenticatedError
        try:
            key_id = self._key_id(token)
            keys = await self._keys.keys(key_id)
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
            self._claims.validate(decoded.claims)
            return self._principal(decoded.claims, token)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnauthenticatedError("The access token is not valid.") from error

    @staticmethod
    def _key_id(token: str) -> str:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") != ALGORITHM or str(header.get("typ", "")).lower() != TOKEN_TYPE:
            raise ValueError("not an access token of ours")
        return str(header["kid"])

    @staticmethod
    def _principal(claims: dict[str, Any], token: str) -> Principal:
        return Principal(
            account_id=UUID(claims["sub"]),
            handle=str(claims["handle"]),
            session_id=UUID(claims["sid"]),
            expires_at=int(claims["exp"]),
            token=token,
        )


_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="Access token of POST /v1/auth/login")


async def require_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """FastAPI dependency: the principal of the bearer token, else 401."""
    if credentials is None:
        raise UnauthenticatedError
    verifier: TokenVerifier = request.app.state.resources.tokens
    return await verifier.verify(credentials.credentials)


Authenticated = Annotated[Principal, Depends(require_principal)]


def now_s() -> int:
    """Return the current time in whole seconds since the epoch, as JWT claims count."""
    return int(time())
