"""The secrets of an instance: made once, kept in files that only their owner can read.

Passwords of the database roles, and the key that signs tokens with its public half as a JWK Set (in a cluster: a Secret
and a ConfigMap).
"""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

_PRIVATE: Final = 0o600


def password(folder: Path, name: str) -> str:
    """Return the password of that name; made on first use."""
    file = folder / f"{name}.password"
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(24))
    return file.read_text()


def signing_key(folder: Path) -> tuple[Path, Path]:
    """Return the files of the ES256 signing key (PEM) and of its public JWK Set; made on first use."""
    key_file, jwks_file = folder / "signing-key.pem", folder / "jwks.json"
    if not key_file.exists():
        new = ec.generate_private_key(ec.SECP256R1())
        _write_private(key_file, new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    key = ECKey.import_key(key_file.read_text())
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    jwks_file.write_text(json.dumps({"keys": [public]}))
    return key_file, jwks_file


def _write_private(file: Path, text: str) -> None:
    """Write a file that nobody else can read at any moment, complete or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = file.with_suffix(file.suffix + ".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    scratch.replace(file)
