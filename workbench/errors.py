"""The command's errors. Each is a sentence for the person at the terminal, and an exit code for the machine.

TitaniumError               something that the user has to know; never a traceback
├── UsageError        (2)   the command line, a file or the environment is wrong: mend it and run again
└── CannotDecideError (3)   nothing is known to be wrong, but a verdict would be a guess

A breach of an SLO is no error: the command returns exit code 1.
"""

from typing import ClassVar, Final

EXIT_PASS: Final = 0
EXIT_BREACH: Final = 1
EXIT_USAGE: Final = 2
EXIT_CANNOT_DECIDE: Final = 3
EXIT_INTERRUPTED: Final = 130


class TitaniumError(Exception):
    """A message that names what is wrong, and a hint that says what to do about it."""

    exit_code: ClassVar[int] = EXIT_USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TitaniumError):
    """The command line, a file or the environment is wrong."""


class CannotDecideError(TitaniumError):
    """There is not enough, or not trustworthy enough, evidence for a verdict."""

    exit_code: ClassVar[int] = EXIT_CANNOT_DECIDE
