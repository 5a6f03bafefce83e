"""The command's boundary: discovery, exit codes, errors in sentences, quick help."""

import ast
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import workbench.commands
from workbench import __main__ as command
from workbench.errors import CannotDecideError, UsageError

FOLDER = Path(workbench.commands.__path__[0])


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Run `titanium probe`, whose body is given, and return its exit code."""

    def run(body: str) -> int:
        header = 'NAME = "probe"\nHELP = "a probe"\n\ndef configure(parser):\n    pass\n\ndef run(args):\n'
        (tmp_path / "probe.py").write_text(header + "".join(f"    {line}\n" for line in body.splitlines()))
        monkeypatch.setattr(workbench.commands, "__path__", [str(tmp_path)])
        monkeypatch.delitem(sys.modules, "workbench.commands.probe", raising=False)
        importlib.invalidate_caches()
        return command.main(["probe"])

    return run


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("return 0", 0, ""),
        ("return 1", 1, ""),
        (
            "from workbench.errors import UsageError\nraise UsageError('no such file', hint='name one')",
            2,
            "no such file",
        ),
        ("from workbench.errors import CannotDecideError\nraise CannotDecideError('no data')", 3, "no data"),
        ("raise KeyboardInterrupt", 130, "interrupted"),
        ("raise OSError(28, 'No space left on device', '/x')", 2, "TITANIUM_STATE"),
        ("raise PermissionError(13, 'Permission denied', '/x')", 2, "/x"),
        ("raise ValueError('odd')", 3, "a defect in titanium: ValueError: odd"),
    ],
)
def test_whatever_happens_becomes_an_exit_code_and_one_sentence(
    body: str, code: int, message: str, probe: Callable[[str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert probe(body) == code
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_a_defect_shows_its_traceback_when_asked_for(
    probe: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITANIUM_TRACEBACK", "1")
    with pytest.raises(ValueError, match="odd"):
        probe("raise ValueError('odd')")


def test_a_hint_says_what_to_do(probe: Callable[[str], int], capsys: pytest.CaptureFixture[str]) -> None:
    probe("from workbench.errors import UsageError\nraise UsageError('no [such] file', hint='name one')")
    shown = capsys.readouterr().err
    assert "no [such] file" in shown
    assert "do: name one" in shown


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["no-such-command"])
    assert ended.value.code == 2


@pytest.mark.parametrize("file", sorted(FOLDER.glob("[a-z]*.py")), ids=lambda file: file.stem)
def test_every_command_module_declares_what_the_boundary_reads(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"configure", "run"} <= functions
    declared = command._declaration(file)
    assert declared["NAME"].replace("-", "_") == file.stem
    assert declared["HELP"]


def test_help_lists_every_command_and_imports_none() -> None:
    # The fastest of three: another process may hold the processor during one of them.
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        shown = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "workbench", "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(time.monotonic() - began)
    for file in FOLDER.glob("[a-z]*.py"):
        assert file.stem.replace("_", "-") in shown.stdout
        assert f"workbench.commands.{file.stem}" not in shown.stderr
    assert min(seconds) < 1.0


def test_errors_carry_their_exit_codes() -> None:
    assert (UsageError("x").exit_code, CannotDecideError("x").exit_code) == (2, 3)
