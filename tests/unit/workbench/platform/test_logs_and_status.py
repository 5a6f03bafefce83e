"""Reading logs and showing durations."""

import json
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.adapters import processes
from workbench.commands.logs import _print_new
from workbench.commands.status import duration
from workbench.errors import CannotDecideError
from workbench.platform import components
from workbench.platform.programs import Program
from workbench.platform.readiness import is_ready, tail, wait_until
from workbench.platform.status import Row, Status


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert tail(log, 2) == ["line 98", "line 99"]
    assert tail(tmp_path / "none.log", 2) == []


def test_following_prints_whole_lines_only_and_survives_rotation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "x.log"
    log.write_text("old\nnew\nhal")
    position = _print_new(log, 4, "> ")
    assert capsys.readouterr().out == "> new\n"
    with log.open("a") as stream:
        stream.write("f\n")
    _print_new(log, position, "> ")
    assert capsys.readouterr().out == "> half\n"
    log.write_text("1\n")
    _print_new(log, 13, "")
    assert capsys.readouterr().out == "1\n"


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0s"), (59, "59s"), (185, "3m 05s"), (7800, "2h 10m")])
def test_durations_read_as_people_say_them(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def test_nothing_running_is_not_whole_and_neither_is_one_that_is_down() -> None:
    up, down = (Row("a", state, 1, 1, 0, 1.0, 1) for state in ("RUNNING", "FATAL"))
    assert not Status([], {}).is_whole
    assert Status([up], {}).is_whole
    assert not Status([up, down], {}).is_whole


def test_a_program_without_a_port_is_ready_when_it_runs() -> None:
    assert is_ready(Program("certificates", ("x",)))


def test_waiting_ends_with_what_did_not_happen() -> None:
    with pytest.raises(CannotDecideError, match="the moon rises: not within 0 s"):
        wait_until(lambda: False, "the moon rises", 0)


def test_a_process_that_is_gone_weighs_nothing_and_belongs_to_nobody() -> None:
    assert processes.resident_mib(2**22 - 1) == 0.0
    assert processes.of_command(2**22 - 1, "postgres") == []
    assert processes.of_command(None, "postgres") == []


def test_logs_are_told_apart_by_name_and_missing_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    assert main(["logs"]) == 2
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "blog.log").write_text("one\ntwo\n")
    (tmp_path / "logs" / "auth.log").write_text("three\n")
    assert main(["logs", "-n", "1"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["auth", "|", "three"],
        ["blog", "|", "two"],
    ]
    assert main(["logs", "blog"]) == 0
    assert capsys.readouterr().out == "one\ntwo\n"
    assert main(["logs", "nobody"]) == 2
    assert "auth, blog" in capsys.readouterr().err


def test_a_platform_that_is_down_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    assert main(["status"]) == 1
    assert "down" in capsys.readouterr().out
    assert main(["status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["running"] is False


def test_components_lists_programs_and_fails_when_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["components"]) == 1
    assert "missing" in capsys.readouterr().out
    program = tmp_path / "any"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for debian_program in components.DEBIAN_PROGRAMS:
        monkeypatch.setenv(debian_program.variable, str(program))
    assert main(["components", "--fetch"]) == 0
    assert "missing" not in capsys.readouterr().out
