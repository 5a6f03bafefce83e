"""The how-tos, followed to the letter: every shell block of a page, in order, on an instance of its own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workbench.platform.instance import CHECKOUT
from workbench.platform.ports import DEFAULT_PORT_BASE, Ports

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

FOLDER = Path(CHECKOUT) / "docs/how-to"
STEP_TIMEOUT_S = 240
# What the last block of steps must have said; a page without an entry here is prose.
EXPECTED = {
    "run-the-platform.md": ['"items":', '"status":"success"', "evidence: "],
    "break-it-on-purpose.md": ["FAIL", "no fault is in force"],
    "add-an-slo.md": ["1 documents are valid", "0 failed", "full outage"],
}
# Pages that write files of their own are followed in an empty folder, with the virtual environment active.
ELSEWHERE = {"add-an-slo.md"}


def blocks(page: str) -> list[str]:
    """The shell blocks of a page, as they stand in numbered steps."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def follow(page: str, live: LivePlatform, folder: Path) -> str:
    """Run every block with this instance's ports in the place of the default ones; return all that was said."""
    said = ""
    default, own = Ports(DEFAULT_PORT_BASE), live.instance.ports
    for block in blocks(page):
        script = block.replace(str(default.prometheus), str(own.prometheus)).replace(
            str(default.ingress), str(own.ingress)
        )
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**live.environment, "PATH": f"{CHECKOUT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=STEP_TIMEOUT_S,
        )
        assert done.returncode == 0, f"{page}:\n{script}\n{done.stdout}{done.stderr}\n{live.what_failed()}"
        said += done.stdout
    return said


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", EXPECTED)
def test_a_how_to_works_as_it_is_written(page: str, fresh: LivePlatform, tmp_path: Path) -> None:
    said = follow(page, fresh, tmp_path if page in ELSEWHERE else CHECKOUT)
    assert [words for words in EXPECTED[page] if words not in said] == []


def test_every_how_to_with_commands_is_followed() -> None:
    assert {page.name for page in FOLDER.glob("*.md") if blocks(page.name)} == EXPECTED.keys()
