"""The folder of one proxy: its bootstrap, and the files that Envoy watches, each replaced whole and only if it changed.

Certificate and key are in one file, so that one rename replaces both. Its mode is 0600.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workbench.adapters.certificates import LIFETIME, Authority, expiry, is_signed_by, write_atomically
from workbench.mesh.local.files import Files, discovery_response

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.mesh.local.projection import LocalConfig
    from workbench.mesh.model import Json

_BOOTSTRAP: Final = "bootstrap.json"
_OWN: Final = "default"
_ROOT: Final = "ROOTCA"


@dataclass(frozen=True)
class ProxyStore:
    """What one proxy reads."""

    folder: Path

    @property
    def files(self) -> Files:
        """The names of the files."""
        return Files(self.folder)

    @property
    def bootstrap(self) -> Path:
        """The file that Envoy is started with."""
        return self.folder / _BOOTSTRAP

    @property
    def principal(self) -> str:
        """The identity of the proxy whose bootstrap was written."""
        metadata = json.loads(self.bootstrap.read_text(encoding="utf-8"))["node"]["metadata"]
        return str(metadata["PRINCIPAL"])

    def write(self, config: LocalConfig) -> dict[str, str]:
        """Write all but the certificates; return the version of each route configuration.

        What is referred to is written before what refers to it. Files of routes that are no longer known
        stay: nothing refers to them.
        """
        _replace(self.bootstrap, json.dumps(config.bootstrap, indent=1, sort_keys=True))
        self._write("cds", "clusters", config.clusters)
        versions = {name: self._write("rds", name, [route]) for name, route in config.routes.items()}
        self._write("lds", "listeners", config.listeners)
        return versions

    def certificate(self) -> str | None:
        """Return the certificate chain (PEM) that was written last, or None."""
        path = self.files.path("sds", _OWN)
        if not path.exists():
            return None
        secret = json.loads(path.read_text(encoding="utf-8"))["resources"][0]
        return str(secret["tls_certificate"]["certificate_chain"]["inline_string"])

    def rotate(self, authority: Authority, principal: str, lifetime: datetime.timedelta = LIFETIME) -> None:
        """Issue a new certificate and write it, with the root; new connections use it at once."""
        identity = authority.issue(principal, lifetime)
        own = {"certificate_chain": {"inline_string": identity.chain}, "private_key": {"inline_string": identity.key}}
        root = {"trusted_ca": {"inline_string": authority.pem}}
        self._write("sds", _ROOT, [{"name": _ROOT, "validation_context": root}], mode=0o600)
        self._write("sds", _OWN, [{"name": _OWN, "tls_certificate": own}], mode=0o600)

    def rotate_if_due(
        self,
        authority: Authority,
        principal: str,
        *,
        lifetime: datetime.timedelta = LIFETIME,
        now: datetime.datetime | None = None,
    ) -> bool:
        """Rotate if there is no certificate, half of its life is over, or another root signed it; say whether."""
        chain = self.certificate()
        moment = now or datetime.datetime.now(datetime.UTC)
        if chain is not None and is_signed_by(chain, authority) and expiry(chain) - moment > lifetime / 2:
            return False
        self.rotate(authority, principal, lifetime)
        return True

    def _write(self, kind: str, name: str, resources: list[Json], *, mode: int = 0o644) -> str:
        text = discovery_response(kind, resources)
        _replace(self.files.path(kind, name), text, mode=mode)
        return str(json.loads(text)["version_info"])


def _replace(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Leave an unchanged file alone: a rename would make Envoy read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text, mode=mode)
