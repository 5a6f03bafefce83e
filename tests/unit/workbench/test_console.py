"""What is printed where: steps with seconds, and no exception in a locale without UTF-8."""

import os
import re
import subprocess
import sys

import pytest

from workbench.console import step

ASCII_LOCALE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}


def test_a_step_is_one_line_with_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with step("find the [programs]"):
        pass
    assert re.fullmatch(r" +find the \[programs\] +0\.0 s +ok\n", capsys.readouterr().out)


def test_a_failed_step_says_so_and_lets_the_error_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), step("migrate"):
        raise ValueError("broken")
    assert "failed" in capsys.readouterr().out


def test_an_ascii_locale_gets_replacements_and_no_exception() -> None:
    # Escaped: an argument with other letters could not even be handed over in this locale.
    words = "out.print('na\\u00efve \\u2713 \\u2502'); show_error('gr\\u00f6\\u00dfe', '\\u00f6ffne')"
    printing = f"from workbench.console import out, show_error; {words}"
    shown = subprocess.run(
        [sys.executable, "-c", printing], env=ASCII_LOCALE, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "na?ve ? ?\n"
    assert "gr??e" in shown.stderr
