"""`titanium slo init`: write an OpenSLO file with comments, from options or from what is answered.

Contract: exit 0 when written, 2 when an answer is no good or the file is there already.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slo.resolve import load_objectives
from workbench.console import out
from workbench.errors import EXIT_PASS, UsageError
from workbench.slo.template import Answers, write

if TYPE_CHECKING:
    import argparse

NAME = "init"
HELP = "write an SLO file with comments, from options or by asking"

_QUESTIONS = {
    "name": ("what is it called (such as checkout-availability)?", ""),
    "service": ("which service promises it?", ""),
    "total": ("the selector of the counter of all events?", ""),
    "bad": ("the selector of the bad ones? (empty: give the good ones instead)", ""),
    "good": ("the selector of the good ones?", ""),
    "objective": ("which share has to be good?", "0.995"),
    "window": ("over how long?", "30d"),
    "team": ("which team answers for it?", ""),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for name, (question, default) in _QUESTIONS.items():
        parser.add_argument(
            f"--{name}", metavar="TEXT", help=question.rstrip("?") + (f" (default: {default})" if default else "")
        )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: NAME.yaml here")


def run(args: argparse.Namespace) -> int:
    """Ask for what is missing, write, and read the file once more: what is written is right."""
    given = {name: _answer(name, getattr(args, name), args) for name in _QUESTIONS}
    answers = Answers(**given)
    file: Path = args.out or Path(f"{answers.name}.yaml")
    if file.exists():
        raise UsageError(f"{file} is there already", hint="choose another --out")
    text = write(answers)
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.new")
    try:
        scratch.write_text(text, encoding="utf-8")
        load_objectives([scratch])
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    out.print(f"written: {file}")
    out.print(f"next: titanium slo compile {file} && titanium slo test {file}")
    return EXIT_PASS


def _answer(name: str, given: str | None, args: argparse.Namespace) -> str:
    question, default = _QUESTIONS[name]
    if given is not None:
        return given
    if (name == "good" and args.bad) or (name == "bad" and args.good):
        return ""
    if sys.stdin.isatty():
        given = input(f"{question}{f' [{default}]' if default else ''} ").strip() or default
        setattr(args, name, given)
        return given
    if default or name in {"team", "bad", "good"}:
        return default
    raise UsageError(f"--{name} is missing", hint=f"{question} Give it as --{name}, or run this in a terminal")
