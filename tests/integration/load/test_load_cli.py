"""`titanium load` as a person types it: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chaos.load.result import LoadResult

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.load.conftest import FakeBlog


def titanium_load(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TITANIUM_STATE": str(state), "TITANIUM_PORT_BASE": "23580", "LC_ALL": "C"}
    command = [sys.executable, "-m", "workbench", "load", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_run_prints_its_table_and_leaves_its_evidence(blog: FakeBlog, tmp_path: Path) -> None:
    done = titanium_load(tmp_path, "--target", blog.url, "--rate", "30", "--duration", "2", "--warmup", "1")
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("30 requests/s", "60 offered", "60 completed", "open a post", "P95", "dispatcher lag"):
        assert words in done.stdout
    (folder,) = (tmp_path / "evidence").iterdir()
    assert f"evidence: {folder}" in done.stdout
    result = LoadResult.from_json(json.loads((folder / "load.json").read_text(encoding="utf-8")))
    assert result.run_id == folder.name
    assert sorted(path.name for path in folder.iterdir()) == ["load.json", "samples.csv.gz"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--rate", "0"), 2, "--rate 0"),
        (("--duration=-1",), 2, "--duration -1"),
        (("--target", "http://192.0.2.7"), 2, "192.0.2.7 is not this machine"),
        (("--target", "http://127.0.0.1:23599"), 3, "nobody answers at http://127.0.0.1:23599"),
        ((), 3, "nobody answers at http://127.0.0.1:23580"),
    ],
)
def test_bad_input_ends_with_one_clear_error(tmp_path: Path, options: tuple[str, ...], code: int, message: str) -> None:
    done = titanium_load(tmp_path, *options)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "evidence").exists()
