"""Access tokens (ES256 JWT, type `at+jwt`, RFC 9068) and refresh tokens (256 random bits, stored as a digest)."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from services.common.security import ALGORITHM, TOKEN_TYPE, now_s
from services.common.settings import SettingsError

_CURVE = "P-256"


class SigningKey:
    """The private key of the auth service, named by its thumbprint (RFC 7638)."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        self.key_id = key.thumbprint()

    @classmethod
    def from_file(cls, path: Path) -> "SigningKey":
        """Read the PEM file.

        Raises:
            SettingsError: it cannot be read, or does not hold a P-256 private key.
        """
        try:
            key = ECKey.import_key(path.read_bytes())
        except (OSError, ValueError, JoseError) as error:
            raise SettingsError(f"SIGNING_KEY_FILE: {path} holds no private key in PEM ({error})") from error
        if not key.is_private or key.curve_name != _CURVE:
            raise SettingsError(f"SIGNING_KEY_FILE: {path} must hold a private key on the curve {_CURVE}")
        return cls(key)

    def public_document(self) -> dict[str, Any]:
        """Return the JWKS (RFC 7517) with the public key."""
        public = {**self._key.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": ALGORITHM}
        return {"keys": [public]}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key_id}, claims, self._key)


@dataclass(frozen=True)
class AccessTokens:
    """Issues access tokens of one issuer for one audience."""

    key: SigningKey
    issuer: str
    audience: str
    lifetime_s: int

    def issue(self, *, account_id: UUID, handle: str, session_id: UUID) -> str:
        """Return a signed token for this account and session."""
        now = now_s()
        return self.key.sign(
            {
                "iss": self.issuer,
                "aud": self.audience,
                "sub": str(account_id),
                "handle": handle,
                "sid": str(session_id),
                "iat": now,
                "exp": now + self.lifetime_s,
                "jti": secrets.token_urlsafe(12),
            }
        )


def new_refresh_token() -> str:
    """Return a refresh token: 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(refresh_token: str) -> bytes:
    """Return what is stored of a refresh token. It is random, so a plain digest is enough (ASVS 5.0, 11.4)."""
    return hashlib.sha256(refresh_token.encode()).digest()
