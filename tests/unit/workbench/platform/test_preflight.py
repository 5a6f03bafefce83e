"""What is checked before anything starts."""

from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.platform import preflight
from workbench.platform.instance import Instance


def instance(state: Path) -> Instance:
    return Instance(state, state, 21000)


def test_a_nearly_full_disk_is_refused_with_what_is_free(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="499 MB free, 500 MB are needed") as refused:
        preflight.check_state_folder(instance(tmp_path), free=lambda _: 499 * 2**20)
    assert "TITANIUM_STATE=" in refused.value.hint


def test_just_enough_disk_is_enough(tmp_path: Path) -> None:
    preflight.check_state_folder(instance(tmp_path / "new"), free=lambda _: 500 * 2**20)
    assert (tmp_path / "new" / "logs").is_dir()


def test_a_file_where_the_state_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        preflight.check_state_folder(instance(tmp_path / "state"))


def test_too_few_inotify_instances_are_reported_with_the_command(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    with pytest.raises(UsageError, match="may have 128 in all") as refused:
        # More than any user has.
        preflight.check_watches(needed=1_000_000, limit=limit)
    assert "fs.inotify.max_user_instances=512" in refused.value.hint


def test_one_inotify_instance_is_no_problem() -> None:
    preflight.check_watches(needed=1)
