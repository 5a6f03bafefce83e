"""The documentation as pages: every link leads somewhere, every runbook is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.platform.instance import CHECKOUT

CONFIGURATION = "mkdocs.yml"
# What the build reads.
PARTS = ("docs", "workbench", "alerts/runbooks", "slo/generated/runbooks")


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    return subprocess.run(
        [mkdocs, "build", "--config-file", root / CONFIGURATION, "--site-dir", site],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of everything that the build reads, to be broken."""
    root = tmp_path / "checkout"
    for part in PARTS:
        if (CHECKOUT / part).is_dir():
            shutil.copytree(CHECKOUT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / CONFIGURATION, root)
    return root


def test_every_page_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    done = build(CHECKOUT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    pages = {page.stem for page in (CHECKOUT / "docs").glob("*.md")}
    assert {page for page in pages if not (tmp_path / "site" / page / "index.html").exists()} == set()


def test_every_runbook_has_its_page(tmp_path: Path) -> None:
    assert build(CHECKOUT, tmp_path / "site").returncode == 0
    written = {page.stem for part in PARTS[2:] for page in (CHECKOUT / part).glob("*.md")}
    assert written <= {page.name for page in (tmp_path / "site" / "runbooks").iterdir()}


def test_a_broken_link_fails_the_build(copy: Path, tmp_path: Path) -> None:
    with (copy / "docs" / "slo.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](nowhere.md)\n")
    done = build(copy, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
