"""Keeps the mesh's certificates fresh: `python -m workbench.mesh.local.rotator FOLDER [LIFETIME_S]`, supervised.

Each certificate is looked at every minute (oftener if they live shorter); one whose life is half over is replaced,
which Envoy takes over for new connections while running ones go on. Ends at SIGTERM with exit code 0.
"""

from __future__ import annotations

import datetime
import signal
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from workbench.adapters.certificates import LIFETIME, expiry, load_or_create
from workbench.mesh.local.mesh import authority_folder
from workbench.mesh.local.store import ProxyStore
from workbench.published import textfiles

if TYPE_CHECKING:
    from types import FrameType

_LONGEST_INTERVAL_S: Final = 60.0
_LOOKS_PER_LIFE: Final = 10


def rotate(folder: Path, *, lifetime: datetime.timedelta = LIFETIME, now: datetime.datetime | None = None) -> list[str]:
    """Renew what is due below the mesh's folder; return the workloads that got a new certificate."""
    authority = load_or_create(authority_folder(folder))
    return [
        store.folder.name
        for store in _stores(folder)
        if store.rotate_if_due(authority, store.principal, lifetime=lifetime, now=now)
    ]


def ends(folder: Path) -> dict[str, float]:
    """Return when each proxy's certificate ends, in seconds since 1970."""
    chains = {store.folder.name: store.certificate() for store in _stores(folder)}
    return {name: expiry(chain).timestamp() for name, chain in chains.items() if chain is not None}


def _stores(folder: Path) -> list[ProxyStore]:
    return [ProxyStore(path.parent) for path in sorted((folder / "proxies").glob("*/bootstrap.json"))]


def published_folder(mesh: Path) -> Path:
    """Return where metrics are published: beside the mesh's folder, as in an instance."""
    return mesh.parent / "published"


def main() -> int:
    """Rotate until told to stop."""
    stopped = Event()

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    lifetime = datetime.timedelta(seconds=float(sys.argv[2])) if len(sys.argv) > 2 else LIFETIME  # noqa: PLR2004 - argv
    interval = min(_LONGEST_INTERVAL_S, lifetime.total_seconds() / _LOOKS_PER_LIFE)
    folder = Path(sys.argv[1])
    textfiles.certificates(published_folder(folder), ends(folder))
    while not stopped.wait(interval):
        for name in rotate(folder, lifetime=lifetime):
            print(f"new certificate: {name}", flush=True)
        textfiles.certificates(published_folder(folder), ends(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
