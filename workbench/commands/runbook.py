"""`titanium runbook NAME`: an alert's or objective's runbook, with the numbers of now beside its queries.

Contract: exit 0 when it was printed, also when Prometheus cannot be asked (then it says so, once); 2 for a name that no
runbook has, with the nearest ones.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from rich.markdown import Markdown

from workbench.adapters.prometheus import HttpPrometheus
from workbench.console import out
from workbench.errors import EXIT_PASS, CannotDecideError, UsageError
from workbench.pages import runbooks
from workbench.platform.instance import Instance

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from workbench.adapters.prometheus import Sample

NAME = "runbook"
HELP = "print an alert's runbook with the numbers of now"
_QUERY: Final = re.compile(r"^```promql\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MOST: Final = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", help="the alert, such as ValkeyDown, or an objective, such as gateway-latency")
    parser.add_argument("--prometheus", metavar="URL", help="default: the local platform's")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    file = runbooks.find(args.name)
    if file is None:
        near = difflib.get_close_matches(args.name, runbooks.names(), cutoff=0.4)
        raise UsageError(f"no runbook {args.name!r}", hint=f"did you mean: {', '.join(near or runbooks.names())}")
    prometheus = HttpPrometheus(args.prometheus or Instance.from_environment().prometheus_url)
    text = file.read_text(encoding="utf-8")
    try:
        text = with_numbers(text, prometheus.vector)
    except CannotDecideError as error:
        out.print(f"without numbers: {error.message}", style="yellow", markup=False)
    out.print(Markdown(text))
    return EXIT_PASS


def with_numbers(text: str, ask: Callable[[str], list[Sample]]) -> str:
    """Return the runbook with the answer of now below each query."""
    return _QUERY.sub(lambda match: f"{match[0]}\n\n{_answer(ask(match[1].strip()))}", text)


def _answer(samples: list[Sample]) -> str:
    if not samples:
        return "Now: nothing."
    lines = [f"* Now {sample.value:.4g}{_labels(sample)}" for sample in samples[:_MOST]]
    more = [f"* and {len(samples) - _MOST} more"] if len(samples) > _MOST else []
    return "\n".join([*lines, *more])


def _labels(sample: Sample) -> str:
    shown = ", ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "__name__")
    return f" ({shown})" if shown else ""
