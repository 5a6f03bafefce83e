"""`titanium runbook NAME`: an alert's or objective's runbook, with the numbers of now beside its queries.

Contract: exit 0 when it was printed, also when Prometheus or Loki cannot be asked (then it says so, once each); 2 for a
name that no runbook has, with the nearest ones.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from rich.markdown import Markdown

from workbench.adapters.loki import Loki
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
_MOST: Final = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", help="the alert, such as ValkeyDown, or an objective, such as gateway-latency")
    parser.add_argument("--prometheus", metavar="URL", help="default: the local platform's")
    parser.add_argument("--loki", metavar="URL", help="default: the local platform's")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    file = runbooks.find(args.name)
    if file is None:
        near = difflib.get_close_matches(args.name, runbooks.names(), cutoff=0.4)
        raise UsageError(f"no runbook {args.name!r}", hint=f"did you mean: {', '.join(near or runbooks.names())}")
    instance = Instance.from_environment()
    text = file.read_text(encoding="utf-8")
    for language, ask in (
        ("promql", HttpPrometheus(args.prometheus or instance.prometheus_url).vector),
        ("logql", Loki(args.loki or instance.loki_url).vector),
    ):
        try:
            text = with_numbers(text, language, ask)
        except CannotDecideError as error:
            out.print(f"without numbers: {error.message}", style="yellow", markup=False)
    out.print(Markdown(text))
    return EXIT_PASS


def with_numbers(text: str, language: str, ask: Callable[[str], list[Sample]]) -> str:
    """Return the runbook with the answer of now below each query in this language."""
    query = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return query.sub(lambda match: f"{match[0]}\n\n{_answer(ask(match[1].strip()))}", text)


def _answer(samples: list[Sample]) -> str:
    if not samples:
        return "Now: nothing."
    lines = [f"* Now {sample.value:.4g}{_labels(sample)}" for sample in samples[:_MOST]]
    more = [f"* and {len(samples) - _MOST} more"] if len(samples) > _MOST else []
    return "\n".join([*lines, *more])


def _labels(sample: Sample) -> str:
    shown = ", ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "__name__")
    return f" ({shown})" if shown else ""
