"""One at a time, and what a crash leaves behind."""

import os
from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.platform.lock import exclusive


def test_the_lock_is_free_again_and_its_file_gone_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "lock") as stale:
            assert stale is None
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        assert not (tmp_path / "lock").exists()


def test_a_held_lock_is_refused_and_names_its_holder(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "lock"),
        pytest.raises(UsageError, match=f"process {os.getpid()}"),
        exclusive(tmp_path / "lock"),
    ):
        pytest.fail("two held the lock")


def test_the_lock_of_a_process_that_is_gone_is_taken_over_and_reported(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4242\n")
    with exclusive(tmp_path / "lock") as stale:
        assert stale == 4242


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), exclusive(tmp_path / "lock"):
        raise ValueError("inside")
    assert not (tmp_path / "lock").exists()
