"""Compiled files on disk, and the commands that write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.slo.builders import text
from workbench.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "slos"
    folder.mkdir()
    (folder / "answers.yaml").write_text(text(), encoding="utf-8")
    return folder


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_compile_writes_what_check_then_finds_current(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    assert main(["slo", "compile", str(tree), "--out", str(out), "--check"]) == 1
    assert main(["slo", "compile", str(tree), "--out", str(out)]) == 0
    assert main(["slo", "compile", str(tree), "--out", str(out), "--check"]) == 0
    (out / "prometheus" / "answers.yaml").write_text("changed")
    assert main(["slo", "compile", str(tree), "--out", str(out), "--check"]) == 1


def test_a_mistake_in_the_last_objective_leaves_everything_as_it_was(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "generated"
    assert main(["slo", "compile", str(tree), "--out", str(out)]) == 0
    before = {name: (out / name).read_bytes() for name in files(out)}
    never = text(promise="target: 0.9").replace("answers", "zero")
    (tree / "zero.yaml").write_text(never, encoding="utf-8")

    assert main(["slo", "compile", str(tree), "--out", str(out)]) == 2
    assert "can never fire" in capsys.readouterr().err
    assert {name: (out / name).read_bytes() for name in files(out)} == before


def test_what_no_objective_has_any_more_goes_and_foreign_files_stay(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    assert main(["slo", "compile", str(tree), "--out", str(out)]) == 0
    (out / "prometheus" / "ours.yaml").write_text("# by hand\n")
    (tree / "answers.yaml").write_text(text().replace("answers", "replies"), encoding="utf-8")
    assert main(["slo", "compile", str(tree), "--out", str(out)]) == 0

    assert files(out / "prometheus") == {"replies.yaml", "ours.yaml"}


def test_init_writes_a_file_that_is_right_and_overwrites_none(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    words = ["slo", "init", "--name", "checkout", "--service", "shop", "--team", "shop", "--out", str(file)]
    words += ["--total", 'http_requests_total{job="shop"}', "--bad", 'http_requests_total{job="shop",code=~"5.."}']

    assert main(words) == 0
    assert main(["slo", "validate", str(file)]) == 0
    assert main(words) == 2


@pytest.mark.parametrize(
    "spoilt", [["--bad", "rate("], ["--bad", ""], ["--objective", "2"], ["--window", "a month"], ["--name", "No Name"]]
)
def test_init_leaves_nothing_when_an_answer_is_no_good(spoilt: list[str], tmp_path: Path) -> None:
    words = ["slo", "init", "--name", "n", "--service", "s", "--total", "t_total", "--bad", 't_total{c="5"}']
    assert main([*words, *spoilt, "--out", str(tmp_path / "new.yaml")]) == 2
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["validate", "nowhere"], "no such file"),
        (["compile", "nowhere"], "no such file"),
        (["explain", "--slo", "nothing"], "no objective nothing"),
        (["backtest", "slo/objectives", "--days", "0"], "looks at no time"),
        (["diff", "nowhere", "nowhere"], "no such file"),
    ],
)
def test_a_wrong_word_is_one_clear_error(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slo", *words]) == 2
    assert said in capsys.readouterr().err


def test_diff_exits_1_when_something_changes(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(text(promise="target: 0.999"), encoding="utf-8")
    assert main(["slo", "diff", str(tree), str(other)]) == 1
    assert "stricter" in capsys.readouterr().out
    assert main(["slo", "diff", str(tree), str(tree)]) == 0
