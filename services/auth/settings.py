"""Settings of the auth service, on top of what every stored service understands."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from services.common.settings import StoredServiceSettings


class AuthSettings(StoredServiceSettings):
    """The environment variable is the field's name in capitals."""

    service_name: ClassVar[str] = "auth"

    # PEM of the P-256 private key; its public half is served as JWKS.
    signing_key_file: Path
    access_token_lifetime_s: int = Field(default=600, ge=30, le=3600)
    session_lifetime_s: int = Field(default=30 * 86_400, ge=60, le=90 * 86_400)
    # A client whose answer was lost retries within seconds; whoever comes later with a used token is a thief or robbed.
    refresh_grace_s: float = Field(default=10.0, ge=0, le=60)

    # OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane; 40 ms of CPU a login.
    argon2_memory_kib: int = Field(default=19_456, ge=19_456, le=1_048_576)
    argon2_passes: int = Field(default=2, ge=2, le=10)
    argon2_threads: int = Field(default=2, ge=1, le=32)
    # Waiting hashes beyond the threads: 2 threads and 14 waiting are about 0.3 s of queue.
    argon2_queue: int = Field(default=14, ge=0, le=1000)
