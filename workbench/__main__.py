"""The `titanium` command: finds its subcommands, runs one, and turns whatever happens into an exit code.

Each module of `workbench.commands` is a command: `NAME`, `HELP`, `configure(parser)`, `run(args) -> int`. This is the
command's one error boundary. Exit codes: 0 pass, 1 breach, 2 usage or configuration, 3 cannot decide, 130 interrupted.
"""

import argparse
import ast
import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import workbench.commands
from workbench import __version__
from workbench.console import show_error
from workbench.errors import EXIT_CANNOT_DECIDE, EXIT_INTERRUPTED, EXIT_USAGE, TitaniumError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never lets an exception out."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        args = _parser(arguments).parse_args(arguments)
        return int(args.run(args))
    except TitaniumError as error:
        show_error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        show_error("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (`titanium logs | head`) has gone away: nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_USAGE
    except OSError as error:
        show_error(*_explain(error))
        return EXIT_USAGE
    except Exception as error:  # the one place where a defect of ours becomes a sentence
        if os.environ.get("TITANIUM_TRACEBACK"):
            raise
        show_error(
            f"a defect in titanium: {type(error).__name__}: {error}",
            "run again with TITANIUM_TRACEBACK=1 and report what it prints",
        )
        return EXIT_CANNOT_DECIDE


def _explain(error: OSError) -> tuple[str, str]:
    """Return what the operating system refused, in words, and what to do about it."""
    where = f": {error.filename}" if error.filename else ""
    hints = {
        "ENOSPC": "free some disk space, or put the state elsewhere with TITANIUM_STATE=/path",
        "EROFS": "the file system is read-only: put the state elsewhere with TITANIUM_STATE=/path",
        "EACCES": "this user may not write there: put the state elsewhere with TITANIUM_STATE=/path",
        "EPERM": "this user may not do that: put the state elsewhere with TITANIUM_STATE=/path",
    }

    name = errno.errorcode.get(error.errno or 0, "")
    return f"{error.strerror or error}{where}", hints.get(name, "")


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C, so that every `finally` runs."""
    raise KeyboardInterrupt


def _command_files() -> list[Path]:
    return sorted(Path(workbench.commands.__path__[0]).glob("[a-z]*.py"))


def _declaration(file: Path) -> dict[str, str]:
    """Read a command's NAME and HELP without importing it, so that `--help` is quick whatever the commands need."""
    return {
        node.targets[0].id: str(node.value.value)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="titanium",
        description="Run the platform, put it under load, and judge it against its SLOs.",
        epilog="Exit codes: 0 pass, 1 breach, 2 usage or configuration, 3 cannot decide.",
    )
    parser.add_argument("--version", action="version", version=f"titanium {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # Only the command that is asked for is imported: `titanium status` need not load Locust or SQLAlchemy.
    asked = next((word for word in arguments if not word.startswith("-")), None)
    for file in _command_files():
        declared = _declaration(file)
        subparser = subparsers.add_parser(declared["NAME"], help=declared["HELP"], description=declared["HELP"])
        if asked == declared["NAME"]:
            module = importlib.import_module(f"workbench.commands.{file.stem}")
            module.configure(subparser)
            subparser.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
