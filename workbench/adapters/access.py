"""How a Prometheus that asks who one is gets its answer: from the environment or from files, never on a command line.

| variable | holds |
|---|---|
| TITANIUM_PROMETHEUS_TOKEN_FILE | a bearer token, in a file |
| TITANIUM_PROMETHEUS_TOKEN | the token itself |
| TITANIUM_PROMETHEUS_HEADERS_FILE | further headers, `Name: value`, one a line |
| TITANIUM_PROMETHEUS_CERT, TITANIUM_PROMETHEUS_KEY | this side's certificate and key, PEM |
| TITANIUM_PROMETHEUS_CA | the authority that the server's certificate is checked against, PEM |
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.errors import UsageError

PREFIX: Final = "TITANIUM_PROMETHEUS_"


@dataclass(frozen=True)
class Access:
    """Headers and certificates; nothing of them is ever shown."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: tuple[str, str] | None = field(default=None, repr=False)
    authority: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Access":
        """Return what the environment says.

        Raises:
            UsageError: a file cannot be read, or holds no headers; or of certificate and key one is missing.
        """
        headers = _headers(environment.get(f"{PREFIX}HEADERS_FILE", ""))
        if token := _token(environment):
            headers["Authorization"] = f"Bearer {token}"
        certificate, key = environment.get(f"{PREFIX}CERT", ""), environment.get(f"{PREFIX}KEY", "")
        if bool(certificate) != bool(key):
            raise UsageError(f"of {PREFIX}CERT and {PREFIX}KEY one is missing", hint="a certificate goes with its key")
        pair = (certificate, key) if certificate else None
        return cls(headers, pair, environment.get(f"{PREFIX}CA") or None)

    def tls(self) -> ssl.SSLContext | bool:
        """Return how a server's certificate is checked, and what this side shows.

        Raises:
            UsageError: a certificate cannot be used.
        """
        if self.certificate is None and self.authority is None:
            return True
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(*self.certificate)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"the certificates for Prometheus cannot be used: {error}",
                hint=f"look at {PREFIX}CERT, {PREFIX}KEY and {PREFIX}CA",
            ) from error
        return context


def _token(environment: Mapping[str, str]) -> str:
    file = environment.get(f"{PREFIX}TOKEN_FILE", "")
    return _read(file).strip() if file else environment.get(f"{PREFIX}TOKEN", "").strip()


def _headers(file: str) -> dict[str, str]:
    headers = {}
    for number, line in enumerate(_read(file).splitlines() if file else (), start=1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip():
            raise UsageError(f"{file}:{number}: is no header", hint="write one a line, as Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", hint="named by a TITANIUM_PROMETHEUS_ variable") from error
