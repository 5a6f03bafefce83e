"""What the command prints: steps with their seconds, tables, errors. Colour and boxes only where they can be shown.

`out` goes to stdout, `err` to stderr. On a terminal a running step shows a spinner; elsewhere (CI, a file) one plain
line a step, so that a log reads like the screen did. A locale without UTF-8 gets ASCII, never an exception.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from rich.console import Console
from rich.markup import escape


def _make_tolerant(stream: TextIO) -> None:
    """Let a stream replace what its encoding cannot say (a C locale, a legacy code page)."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


_make_tolerant(sys.stdout)
_make_tolerant(sys.stderr)
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(message: str, hint: str = "") -> None:
    """Print one clear error and the way out."""
    err.print(f"[bold red]error:[/] {escape(message)}")
    if hint:
        err.print(f"  [bold]do:[/] {escape(hint)}")


@contextmanager
def step(title: str) -> Iterator[Callable[[str], None]]:
    """Show that something is going on, and at the end how long it took; yields how to say what, on a terminal."""
    started = monotonic()
    try:
        if out.is_terminal:
            with out.status(escape(title)) as status:
                yield lambda what: status.update(escape(f"{title}: {what}"))
        else:
            yield _unheard
    except BaseException:
        _print_step(title, monotonic() - started, "[red]failed[/]")
        raise
    _print_step(title, monotonic() - started, "[green]ok[/]")


def _unheard(_what: str) -> None:
    """Keep details out of a log."""


def _print_step(title: str, seconds: float, result: str) -> None:
    out.print(f"  {escape(title):<58} {seconds:>6.1f} s  {result}")
