"""`titanium bench`: what the platform costs and holds, or which HTTP server and client the request path should use.

Contract: `titanium bench` measures the platform and writes `bench.json` into the evidence folder and the tables into
`docs/performance.md`; `titanium bench http` compares servers and clients and prints a table. Exit 0 when everything
was measured, whatever the figures are (the goals are shown, not asserted); 2 for a page without its markers; 3 when
something could not be measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.bench import page
from workbench.bench.capacity import Limits
from workbench.bench.figures import BENCH_FILE
from workbench.bench.hotpath.compare import CANDIDATES, Load, compare
from workbench.bench.lab import LocalLab
from workbench.bench.plan import FULL, QUICK
from workbench.bench.runner import run as run_bench
from workbench.commands.gate import read_criteria
from workbench.commands.load import new_run_id
from workbench.console import out
from workbench.platform.instance import Instance

if TYPE_CHECKING:
    import argparse

    from workbench.bench.figures import Bench

NAME = "bench"
HELP = "measure what the platform costs and holds, and write docs/performance.md"

PAGE = Path("docs/performance.md")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what", nargs="?", choices=("platform", "http"), default="platform", help="what to measure (default platform)"
    )
    parser.add_argument("--quick", action="store_true", help="short steps, no search: does it work? not for quoting")
    parser.add_argument("--page", type=Path, metavar="FILE", help=f"page to write the tables into (default {PAGE})")


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return _http(args) if args.what == "http" else _platform(args)


def _http(args: argparse.Namespace) -> int:
    figures, missing = compare(CANDIDATES, Load(seconds=1.0) if args.quick else Load())
    out.print("| candidate | requests/s | CPU µs per request | RSS MiB |\n|---|---:|---:|---:|")
    for figure in figures:
        out.print(f"| {figure.name} | {figure.rps:.0f} | {figure.cpu_us:.0f} | {figure.rss_mib:.0f} |")
    if missing:
        out.print(f"not installed, left out: {', '.join(missing)} (uv run --with granian titanium bench http)")
    return 0


def _platform(args: argparse.Namespace) -> int:
    instance = Instance.from_environment()
    # Figures of a quick run are not for the documentation, unless somebody names the page.
    target: Path | None = args.page or (None if args.quick else instance.checkout / PAGE)
    if target is not None:
        # Before measuring, not after it: a page without markers is refused now.
        page.insert(target.read_text(encoding="utf-8"), "")
    limits = Limits.from_objectives(read_criteria())
    folder = instance.evidence / new_run_id().replace("-load-", "-bench-")
    with LocalLab(instance, folder) as lab:
        bench = run_bench(lab, QUICK if args.quick else FULL, limits, say=out.print)
    (folder / BENCH_FILE).write_text(json.dumps(bench.to_json(), indent=2) + "\n", encoding="utf-8")
    if target is not None:
        _write(bench, target)
    out.print(page.render(bench), soft_wrap=True, markup=False)
    out.print(f"written: {target or 'no page (--page FILE)'}, {folder / BENCH_FILE}", soft_wrap=True)
    return 0


def _write(bench: Bench, target: Path) -> None:
    text = page.insert(target.read_text(encoding="utf-8"), page.render(bench))
    draft = target.with_name(f".{target.name}.part")
    draft.write_text(text, encoding="utf-8")
    # In one step: an interrupted run must not leave half a page.
    draft.replace(target)
