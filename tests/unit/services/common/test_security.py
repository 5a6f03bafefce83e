"""Verification of access tokens: one good token, and every way in which one can be bad."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.common.errors import UnauthenticatedError, UnavailableError
from services.common.security import LEEWAY_S, MAX_AGE_S, MAX_STALE_S, CachedKeys, TokenVerifier, keys_from_file

KEY = ECKey.generate_key("P-256")
OTHER_KEY = ECKey.generate_key("P-256")
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.thumbprint()}


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    own: dict[str, object] = {"iss": "auth", "aud": "titanium", "sub": str(uuid4()), "sid": str(uuid4())}
    return own | {"handle": "ada", "iat": now, "exp": now + 60} | changes


def document(*keys: ECKey) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint()} for key in keys]}


class Source:
    """Counts how often the keys are fetched."""

    def __init__(self, *keys: ECKey) -> None:
        self.document = document(*keys)
        self.fetches = 0

    async def __call__(self) -> dict[str, Any]:
        self.fetches += 1
        return self.document


def verifier(fetch: Source | None = None, clock: Callable[[], float] = time.monotonic) -> TokenVerifier:
    return TokenVerifier(CachedKeys(fetch or Source(KEY), clock=clock), issuer="auth", audience="titanium")


async def test_a_good_token_gives_the_principal_it_names() -> None:
    body = claims()
    token = jwt.encode(HEADER, body, KEY)

    principal = await verifier().verify(token)

    assert (str(principal.account_id), str(principal.session_id)) == (body["sub"], body["sid"])
    assert (principal.handle, principal.expires_at, principal.token) == ("ada", body["exp"], token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "another"},
        {"exp": int(time.time()) - LEEWAY_S - 60},
        {"sub": "not a uuid"},
        {"sub": None},
        {"sid": None},
        {"exp": None},
        {"handle": None},
        {"aud": None},
    ],
)
async def test_a_wrong_or_missing_claim_is_refused(changes: dict[str, object]) -> None:
    body = {name: value for name, value in claims(**changes).items() if value is not None}

    with pytest.raises(UnauthenticatedError):
        await verifier().verify(jwt.encode(HEADER, body, KEY))


async def test_another_type_of_token_is_refused() -> None:
    for header in ({**HEADER, "typ": "JWT"}, {name: HEADER[name] for name in ("alg", "kid")}):
        with pytest.raises(UnauthenticatedError):
            await verifier().verify(jwt.encode(header, claims(), KEY))


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


async def test_another_algorithm_is_refused_even_with_the_public_key_as_secret() -> None:
    """The classic confusion: HS256 with the public key, which everybody knows."""
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({**HEADER, "alg": "HS256"}, claims()))
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    forged = f"{signed}.{_encoded(mac)}"
    header, payload, _ = jwt.encode(HEADER, claims(), KEY).split(".")
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."

    for token in (forged, unsigned, f"{header}.{payload}.", "", "a.b.c", "x" * 5000):
        with pytest.raises(UnauthenticatedError):
            await verifier().verify(token)


async def test_the_signature_of_another_key_is_refused() -> None:
    with pytest.raises(UnauthenticatedError):
        await verifier().verify(jwt.encode(HEADER, claims(), OTHER_KEY))


async def test_keys_are_fetched_once_and_again_for_an_unknown_id_but_not_for_each() -> None:
    now = 0.0
    source = Source(KEY)
    checked = verifier(source, clock=lambda: now)
    for _ in range(3):
        await checked.verify(jwt.encode(HEADER, claims(), KEY))
    assert source.fetches == 1

    made_up = [{**HEADER, "kid": f"made-up-{number}"} for number in range(20)]
    for header in made_up:
        with pytest.raises(UnauthenticatedError):
            await checked.verify(jwt.encode(header, claims(), OTHER_KEY))
    assert source.fetches == 1, "too soon after the last fetch"

    now, source.document = 6.0, document(KEY, OTHER_KEY)
    rotated = {**HEADER, "kid": OTHER_KEY.thumbprint()}
    assert (await checked.verify(jwt.encode(rotated, claims(), OTHER_KEY))).handle == "ada"
    assert source.fetches == 2


async def test_a_withdrawn_key_ends_with_the_next_reading() -> None:
    now = 0.0
    source = Source(KEY)
    checked = verifier(source, clock=lambda: now)
    token = jwt.encode(HEADER, claims(), KEY)
    await checked.verify(token)

    now, source.document = MAX_AGE_S - 1, document(OTHER_KEY)
    await checked.verify(token)
    now = MAX_AGE_S + 1
    with pytest.raises(UnauthenticatedError):
        await checked.verify(token)


async def test_a_source_that_fails_is_outlived_for_a_time() -> None:
    now, source = 0.0, Source(KEY)
    down = False

    async def fetch() -> dict[str, Any]:
        if down:
            raise UnavailableError("down")
        return await source()

    checked = TokenVerifier(CachedKeys(fetch, clock=lambda: now), issuer="auth", audience="titanium")
    token = jwt.encode(HEADER, claims(), KEY)
    await checked.verify(token)

    down, now = True, MAX_AGE_S + 1
    with pytest.raises(UnavailableError):
        await checked.verify(jwt.encode({**HEADER, "kid": "made-up"}, claims(), OTHER_KEY))
    assert (await checked.verify(token)).handle == "ada", "a made-up id takes nothing from the others"
    now = MAX_STALE_S + 1
    with pytest.raises(UnavailableError):
        await checked.verify(token)


async def test_a_key_file_is_read_and_a_missing_one_is_unavailable_not_unauthenticated(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    token = jwt.encode(HEADER, claims(), KEY)
    with pytest.raises(UnavailableError):
        await TokenVerifier(keys_from_file(file), issuer="auth", audience="titanium").verify(token)

    file.write_text(json.dumps(document(KEY)))
    principal = await TokenVerifier(keys_from_file(file), issuer="auth", audience="titanium").verify(token)
    assert principal.handle == "ada"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": 3}', '{"keys": [{"kty": "none"}]}'])
async def test_a_key_file_that_is_no_key_set_is_unavailable(tmp_path: Path, content: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(content)

    with pytest.raises(UnavailableError):
        await TokenVerifier(keys_from_file(file), issuer="auth", audience="titanium").verify(
            jwt.encode(HEADER, claims(), KEY)
        )
