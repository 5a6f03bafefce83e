"""What the auth service issues is what every service verifies."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import ECKey, RSAKey

from services.auth.tokens import AccessTokens, SigningKey, digest_of, new_refresh_token
from services.common.security import CachedKeys, TokenVerifier
from services.common.settings import SettingsError


def pem_file(folder: Path, content: bytes) -> Path:
    file = folder / "signing.pem"
    file.write_bytes(content)
    return file


async def test_an_issued_token_verifies_by_the_published_keys(tmp_path: Path) -> None:
    key = SigningKey.from_file(pem_file(tmp_path, ECKey.generate_key("P-256").as_pem(private=True)))
    account_id, session_id = uuid4(), uuid4()
    issued = AccessTokens(key, "auth", "titanium", 60)
    token = issued.issue(account_id=account_id, handle="ada", session_id=session_id)

    async def published() -> dict[str, Any]:
        return key.public_document()

    principal = await TokenVerifier(CachedKeys(published), issuer="auth", audience="titanium").verify(token)

    assert (principal.account_id, principal.handle, principal.session_id) == (account_id, "ada", session_id)
    assert issued.issue(account_id=account_id, handle="ada", session_id=session_id) != token, "each has its own id"


def test_the_published_keys_have_no_private_part(tmp_path: Path) -> None:
    key = SigningKey.from_file(pem_file(tmp_path, ECKey.generate_key("P-256").as_pem(private=True)))

    (published,) = key.public_document()["keys"]

    assert "d" not in published
    assert published["kid"] == key.key_id


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        ECKey.generate_key("P-256").as_pem(private=False),
        ECKey.generate_key("P-384").as_pem(private=True),
        RSAKey.generate_key(2048).as_pem(private=True),
    ],
    ids=["empty", "nonsense", "public", "another curve", "rsa"],
)
def test_any_other_key_is_refused_with_the_name_of_the_variable(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError, match=r"^SIGNING_KEY_FILE: "):
        SigningKey.from_file(pem_file(tmp_path, content))


def test_a_missing_key_file_is_refused_with_the_name_of_the_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^SIGNING_KEY_FILE: "):
        SigningKey.from_file(tmp_path / "nothing.pem")


def test_refresh_tokens_are_long_and_never_alike() -> None:
    tokens = {new_refresh_token() for _ in range(100)}

    assert len(tokens) == len({digest_of(token) for token in tokens}) == 100
    assert min(map(len, tokens)) >= 43, "256 bits in base64"
