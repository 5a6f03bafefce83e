"""`titanium bench`: what the platform, its log and trace backends and SLO rules cost, or which HTTP server to use.

Contract: `titanium bench` measures the platform and writes `bench.json` into the evidence folder and the tables into
`docs/performance.md`; `titanium bench slo` does the same for the SLO compiler and its rules (`bench-slo.json`), without
the platform; `titanium bench backends` brings platforms up with and without Loki and Jaeger (`bench-backends.json`);
`titanium bench http` compares servers and clients and prints a table. Exit 0 when everything was
measured, whatever the figures are (the goals are shown, not asserted); 2 for a page without its markers; 3 when
something could not be measured.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.bench import backends_figures, backends_page, backends_runner, page, slo_figures, slo_page, slo_runner
from workbench.bench.backends_lab import BackendsLab
from workbench.bench.capacity import Limits
from workbench.bench.figures import BENCH_FILE
from workbench.bench.hotpath.compare import CANDIDATES, Load, compare
from workbench.bench.lab import LocalLab
from workbench.bench.markdown import insert
from workbench.bench.plan import FULL, QUICK
from workbench.bench.runner import run as run_bench
from workbench.commands.gate import read_criteria
from workbench.commands.load import new_run_id
from workbench.console import out
from workbench.platform import optional
from workbench.platform.instance import Instance

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from workbench.bench.markdown import Markers

NAME = "bench"
HELP = "measure what the platform costs and holds, and write docs/performance.md"

PAGE = Path("docs/performance.md")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=("platform", "backends", "slo", "http"),
        default="platform",
        help="what to measure (default platform)",
    )
    parser.add_argument("--quick", action="store_true", help="short steps, no search: does it work? not for quoting")
    parser.add_argument("--page", type=Path, metavar="FILE", help=f"page to write the tables into (default {PAGE})")


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for."""
    return {"http": _http, "slo": _slo, "platform": _platform, "backends": _backends}[args.what](args)


def _http(args: argparse.Namespace) -> int:
    figures, missing = compare(CANDIDATES, Load(seconds=1.0) if args.quick else Load())
    out.print("| candidate | requests/s | CPU µs per request | RSS MiB |\n|---|---:|---:|---:|")
    for figure in figures:
        out.print(f"| {figure.name} | {figure.rps:.0f} | {figure.cpu_us:.0f} | {figure.rss_mib:.0f} |")
    if missing:
        out.print(f"not installed, left out: {', '.join(missing)} (uv run --with granian titanium bench http)")
    return 0


def _slo(args: argparse.Namespace) -> int:
    instance = Instance.from_environment()
    target = _target(args, instance, slo_page.MARKERS)
    plan = slo_figures.QUICK if args.quick else slo_figures.FULL
    bench = slo_runner.run(instance.checkout, instance.components, plan, say=out.print)
    evidence = _new_folder(instance) / slo_figures.SLO_BENCH_FILE
    return _finish(bench.to_json(), evidence, slo_page.render(bench), target, slo_page.MARKERS)


def _platform(args: argparse.Namespace) -> int:
    instance = Instance.from_environment()
    target = _target(args, instance, page.MARKERS)
    limits = Limits.from_objectives(read_criteria())
    folder = _new_folder(instance)
    # Stand-ins take what services send, here; what real backends cost is `titanium bench backends`.
    os.environ.setdefault(optional.WITHOUT_VARIABLE, ",".join(one.name for one in optional.SERVERS))
    with LocalLab(instance, folder) as lab:
        bench = run_bench(lab, QUICK if args.quick else FULL, limits, say=out.print)
    return _finish(bench.to_json(), folder / BENCH_FILE, page.render(bench), target, page.MARKERS)


def _backends(args: argparse.Namespace) -> int:
    instance = Instance.from_environment()
    target = _target(args, instance, backends_page.MARKERS)
    folder = _new_folder(instance)
    plan = backends_figures.QUICK if args.quick else backends_figures.FULL
    bench = backends_runner.run(BackendsLab(instance, folder), plan, say=out.print)
    evidence = folder / backends_figures.BACKENDS_FILE
    return _finish(bench.to_json(), evidence, backends_page.render(bench), target, backends_page.MARKERS)


def _target(args: argparse.Namespace, instance: Instance, markers: Markers) -> Path | None:
    """Return the page to write into; figures of a quick run are not for the documentation, unless somebody names it."""
    target: Path | None = args.page or (None if args.quick else instance.checkout / PAGE)
    if target is not None:
        # Before measuring, not after it: a page without markers is refused now.
        insert(target.read_text(encoding="utf-8"), "", markers)
    return target


def _new_folder(instance: Instance) -> Path:
    return instance.evidence / new_run_id().replace("-load-", "-bench-")


def _finish(document: Mapping[str, Any], evidence: Path, text: str, target: Path | None, markers: Markers) -> int:
    """Keep the figures, put the tables into the page if there is one, and show them."""
    evidence.parent.mkdir(parents=True, exist_ok=True)
    evidence.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if target is not None:
        _write(insert(target.read_text(encoding="utf-8"), text, markers), target)
    out.print(text, soft_wrap=True, markup=False)
    out.print(f"written: {target or 'no page (--page FILE)'}, {evidence}", soft_wrap=True)
    return 0


def _write(text: str, target: Path) -> None:
    draft = target.with_name(f".{target.name}.part")
    draft.write_text(text, encoding="utf-8")
    # In one step: an interrupted run must not leave half a page.
    draft.replace(target)
