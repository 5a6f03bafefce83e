"""Where programs are found."""

from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.platform import components
from workbench.platform.components import ALERTMANAGER, PROMETHEUS, find, obtain, working_folder


def make_program(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_variable_wins_over_path(tmp_path: Path) -> None:
    named, on_path = make_program(tmp_path / "mine"), make_program(tmp_path / "bin" / "prometheus")
    environment = {"PROMETHEUS_BIN": str(named), "PATH": str(on_path.parent)}
    assert find(PROMETHEUS, tmp_path / "none", environment) == named


def test_a_variable_that_names_no_program_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    on_path = make_program(tmp_path / "bin" / "prometheus")
    with pytest.raises(UsageError, match="PROMETHEUS_BIN"):
        find(PROMETHEUS, tmp_path, {"PROMETHEUS_BIN": str(tmp_path), "PATH": str(on_path.parent)})


def test_debians_name_on_path_is_found(tmp_path: Path) -> None:
    program = make_program(tmp_path / "bin" / "prometheus-alertmanager")
    assert find(ALERTMANAGER, tmp_path / "none", {"PATH": str(program.parent)}) == program


def test_an_unpacked_package_is_found_last_and_runs_in_its_own_folder(tmp_path: Path) -> None:
    program = make_program(tmp_path / "prometheus-alertmanager" / "usr" / "bin" / "prometheus-alertmanager")
    found = find(ALERTMANAGER, tmp_path, {"PATH": ""})
    assert found == program
    assert working_folder(program, tmp_path) == str(tmp_path / "prometheus-alertmanager")


def test_a_program_from_elsewhere_runs_anywhere(tmp_path: Path) -> None:
    assert working_folder(Path("/usr/bin/prometheus"), tmp_path) == ""


def test_what_is_nowhere_is_not_found(tmp_path: Path) -> None:
    assert find(PROMETHEUS, tmp_path, {"PATH": str(tmp_path)}) is None


def test_without_apt_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no apt-get") as refused:
        obtain(PROMETHEUS, tmp_path, {"PATH": str(tmp_path)})
    assert "PROMETHEUS_BIN=" in refused.value.hint


def test_a_failed_download_leaves_nothing_and_gives_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    for name in ("apt-get", "apt-cache", "dpkg-deb"):
        make_program(tools / name).write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    with pytest.raises(UsageError, match="no network") as refused:
        obtain(PROMETHEUS, tmp_path / "components", {"PATH": str(tools)})
    assert "apt-get install prometheus" in refused.value.hint
    assert list((tmp_path / "components").iterdir()) == []


def test_an_obtained_program_looks_for_its_files_beside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "bin"
    make_program(tools / "apt-get").write_text('#!/bin/sh\n[ "$1" = download ] && touch "$2.deb"\n')
    make_program(tools / "apt-cache").write_text("#!/bin/sh\necho known\n")
    unpack = '#!/bin/sh\nmkdir -p "$3/usr/bin"\nprintf "see /usr/share/prometheus/x" >"$3/usr/bin/prometheus"\n'
    make_program(tools / "dpkg-deb").write_text(unpack)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    program = obtain(PROMETHEUS, tmp_path / "components", {"PATH": str(tools)})
    assert program == tmp_path / "components" / "prometheus" / "usr" / "bin" / "prometheus"
    assert program.read_text() == "see usr/share/prometheus//x"


def test_the_wheels_programs_are_there() -> None:
    found = [components.envoy_path(), components.valkey_path(), components.postgres_tool("initdb")]
    assert all(program.exists() for program in found)
