"""`titanium gate`: judge a load run against the SLOs, by what the mesh counted.

Contract: exit 0 PASS, 1 FAIL, 2 when a file or an option is wrong, 3 INCONCLUSIVE (each reason named, with what to do).
Evidence (JSON, Markdown, JUnit, HTML) is written beside the load's, or into the folder given with `--out`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from chaos.load.result import RESULT_FILE
from slo.criterion import Criterion, load_criteria, release_criteria
from slo.errors import SloError
from workbench.adapters.prometheus import HttpPrometheus, Prometheus
from workbench.console import out
from workbench.domain.verdict import Verdict
from workbench.errors import EXIT_BREACH, EXIT_CANNOT_DECIDE, EXIT_PASS, UsageError
from workbench.gate.observe import queries
from workbench.gate.run import GateRun, run_gate, versions
from workbench.platform.instance import CHECKOUT, Instance
from workbench.reports.evidence import build_evidence, write_evidence
from workbench.reports.gate_terminal import print_judgement

NAME = "gate"
HELP = "judge a load run against the SLOs: exit 0 pass, 1 breach, 3 cannot decide"

OBJECTIVES = CHECKOUT / "slo" / "objectives"
EXIT_CODES = {Verdict.PASS: EXIT_PASS, Verdict.FAIL: EXIT_BREACH, Verdict.INCONCLUSIVE: EXIT_CANNOT_DECIDE}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--load", type=Path, metavar="FILE", help="load.json of the run (default: the newest one)")
    parser.add_argument(
        "--slo",
        type=Path,
        action="append",
        metavar="PATH",
        help="OpenSLO file or folder (default: the platform's release criteria)",
    )
    parser.add_argument(
        "--look",
        type=int,
        default=1,
        metavar="N",
        help="the number of this run of the same build: later ones are judged more strictly (default: 1)",
    )
    parser.add_argument("--prometheus", metavar="URL", help="default: the Prometheus of this instance")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the evidence goes (default: beside the load)")


def run(args: argparse.Namespace) -> int:
    """Judge, print, and leave the evidence."""
    if args.look < 1:
        raise UsageError(f"--look {args.look}: looks are counted from 1")
    instance = Instance.from_environment()
    load_file: Path = args.load or newest_load(instance)
    criteria = read_criteria(args.slo)
    prometheus = HttpPrometheus(args.prometheus or instance.prometheus_url)
    result = run_gate(criteria, load_file, prometheus, look=args.look)
    folder: Path = args.out or load_file.parent
    keep_evidence(result, criteria, prometheus, prometheus.url, folder)
    print_judgement(out, result.judgement, result.load, folder)
    return EXIT_CODES[result.judgement.verdict]


def newest_load(instance: Instance) -> Path:
    """Return the newest load result of the instance.

    Raises:
        UsageError: there is none.
    """
    found = sorted(instance.evidence.glob(f"*/{RESULT_FILE}"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise UsageError(f"there is no load run in {instance.evidence}", hint="make one: titanium load")
    return found[-1]


def read_criteria(paths: Sequence[Path] | None = None) -> list[Criterion]:
    """Return what the SLO files demand; without any, what the platform's own demand of a release.

    Raises:
        UsageError: a file is wrong, or there is no objective in any.
    """
    try:
        criteria = load_criteria(paths) if paths else release_criteria([OBJECTIVES])
    except SloError as error:
        raise UsageError(str(error)) from error
    if not criteria:
        raise UsageError(
            f"no objective in {', '.join(map(str, paths or [OBJECTIVES]))}",
            hint="a gate without objectives passes nothing",
        )
    return criteria


def keep_evidence(
    result: GateRun, criteria: Sequence[Criterion], prometheus: Prometheus, url: str, folder: Path
) -> None:
    """Write everything that the verdict rests on."""
    document = build_evidence(
        result.judgement,
        result.observations,
        result.load,
        versions=versions(prometheus, result.load),
        machine=result.load.generator.machine,
        prometheus_url=url,
        queries=queries(criteria),
    )
    write_evidence(folder, document)
