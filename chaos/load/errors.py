"""Why a load run cannot be made: `LoadError` and one subclass for each way out.

* `PlanError`: an option is nonsense (rate 0, a negative duration …) or not allowed (a target that is not loopback).
  The message names the option and its value; nothing was started.
* `UnreachableError`: nobody answers at the target, or what answers is not the blog.
* `NothingMeasuredError`: the run was made, but not one request of the measured window was started.
* `GeneratorError`: a worker process of the generator itself failed; its last words are in the message.
"""

from __future__ import annotations


class LoadError(Exception):
    """Base of everything that stops a load run."""


class PlanError(LoadError):
    """An option's value makes no sense or is not allowed."""


class UnreachableError(LoadError):
    """The target does not answer, or is not the blog."""


class NothingMeasuredError(LoadError):
    """The run ended without one measured request."""

    def __init__(self, message: str, *, interrupted: bool = False) -> None:
        super().__init__(message)
        self.interrupted = interrupted


class GeneratorError(LoadError):
    """The load generator's own process failed."""
