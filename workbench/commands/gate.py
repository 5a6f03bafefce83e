"""`titanium gate`: judge a load run against the SLOs, by what the mesh counted.

Contract: exit 0 PASS, 1 FAIL, 2 when a file or an option is wrong, 3 INCONCLUSIVE (each reason named, with what to do).
Evidence (JSON, Markdown, JUnit, HTML) is written beside the load's, or into the folder given with `--out`.

titanium gate --window 10m      judges users' traffic of the last ten minutes instead of a load run, by any objective;
                                --version judges one version's traffic, --baseline compares another one's with it
titanium gate show EVIDENCE     renders the evidence again, and exits as the verdict did
titanium gate verify EVIDENCE   computes the verdict again from the numbers: 0 when all follows, 1 when it does not
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.load.result import RESULT_FILE
from slo import duration
from slo.criterion import Criterion, load_criteria, release_criteria
from slo.errors import SloError
from slo.resolve import load_objectives
from workbench.adapters.prometheus import HttpPrometheus, Prometheus
from workbench.console import out
from workbench.domain.verdict import Verdict
from workbench.errors import EXIT_BREACH, EXIT_CANNOT_DECIDE, EXIT_PASS, UsageError
from workbench.gate.judge_window import Asked, run_window
from workbench.gate.observe import queries
from workbench.gate.recheck import changed_since, contradictions
from workbench.gate.run import GateRun, run_gate, versions
from workbench.platform.instance import CHECKOUT, Instance
from workbench.published import textfiles
from workbench.reports import window
from workbench.reports.evidence import EVIDENCE_FILE, build_evidence, read_evidence, rendered, write_evidence
from workbench.reports.gate_markdown import render_markdown
from workbench.reports.gate_terminal import print_judgement

NAME = "gate"
HELP = "judge a load run against the SLOs: exit 0 pass, 1 breach, 3 cannot decide"

OBJECTIVES = CHECKOUT / "slo" / "objectives"
EXIT_CODES = {Verdict.PASS: EXIT_PASS, Verdict.FAIL: EXIT_BREACH, Verdict.INCONCLUSIVE: EXIT_CANNOT_DECIDE}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", metavar="[show|verify]")
    for name, what in (("show", "render an evidence file again"), ("verify", "compute its verdict once more")):
        action = actions.add_parser(name, help=what, description=what)
        action.add_argument("evidence", type=Path, metavar="EVIDENCE", help=f"{EVIDENCE_FILE}, or the folder it is in")
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
    parser.add_argument(
        "--prometheus",
        action="append",
        metavar="URL",
        help="default: this instance's; replicas: repeat it",
    )
    parser.add_argument("--window", metavar="DURATION", help="judge the traffic of the last 10m, 1h, ...")
    parser.add_argument("--version", metavar="LABEL", help="with --window: only the traffic of this version")
    parser.add_argument("--baseline", metavar="LABEL", help="with --version: compare with this version's traffic")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the evidence goes (default: beside the load)")


def run(args: argparse.Namespace) -> int:
    """Judge, print, and leave the evidence; or look at evidence that is there."""
    if args.action == "show":
        return _show(read_evidence(args.evidence), args.evidence)
    if args.action == "verify":
        return _verify(read_evidence(args.evidence))
    if args.look < 1:
        raise UsageError(f"--look {args.look}: looks are counted from 1")
    instance = Instance.from_environment()
    replicas = [HttpPrometheus(url) for url in args.prometheus or [instance.prometheus_url]]
    if args.window:
        return _judge_window(args, replicas)
    _refuse_options_of_a_window(args)
    load_file: Path = args.load or newest_load(instance)
    criteria = read_criteria(args.slo)
    prometheus = replicas[0]
    result = run_gate(criteria, load_file, prometheus, look=args.look)
    folder: Path = args.out or load_file.parent
    keep_evidence(result, criteria, prometheus, prometheus.url, folder)
    textfiles.verdicts(instance.published, result.judgement.slos)
    print_judgement(out, result.judgement, result.load, folder)
    return EXIT_CODES[result.judgement.verdict]


def _judge_window(args: argparse.Namespace, replicas: list[HttpPrometheus]) -> int:
    if args.load:
        raise UsageError("--load and --window are two ways to say what is judged", hint="give one of them")
    if args.baseline and not args.version:
        raise UsageError("--baseline needs --version: the version that is compared with it")
    try:
        seconds = duration.seconds(args.window)
        objectives = load_objectives(args.slo or [OBJECTIVES])
        asked = Asked(seconds, args.version or "", args.baseline or "", args.look)
        wanted = objectives if args.slo else [one for one in objectives if one.annotation("gate") == "release"]
        result = run_window(wanted, replicas, asked)
    except ValueError as error:
        raise UsageError(str(error)) from error
    window.show(out, result.judgement, result.differences)
    if args.out:
        span = {"start": result.span.end - seconds, "end": result.span.end}
        document = window.build(
            result.judgement,
            window=span,
            prometheus=[one.url for one in replicas],
            version=args.version or "",
            differences=result.differences,
        )
        window.write(args.out, document)
        out.print(f"evidence: {args.out}")
    return EXIT_CODES[result.judgement.verdict]


def _refuse_options_of_a_window(args: argparse.Namespace) -> None:
    if args.version or args.baseline:
        raise UsageError("--version and --baseline belong to --window", hint="a load run is judged whole")
    if len(args.prometheus or ()) > 1:
        raise UsageError("a load run is judged by one Prometheus", hint="replicas are compared with --window")


def _show(document: Mapping[str, Any], evidence: Path) -> int:
    folder = evidence if evidence.is_dir() else evidence.parent
    for name, text in rendered(document).items():
        (folder / name).write_text(text, encoding="utf-8")
    out.print(render_markdown(document), markup=False)
    out.print(f"rendered again: {folder}")
    return EXIT_CODES[Verdict(document["verdict"])]


def _verify(document: Mapping[str, Any]) -> int:
    found = list(contradictions(document))
    for sentence in found:
        out.print(f"contradiction: {sentence}", style="red")
    for sentence in changed_since(document):
        out.print(f"note: {sentence}", style="yellow")
    if not found:
        out.print(f"the verdict {document['verdict']} follows from the numbers; the document is unchanged")
    return EXIT_BREACH if found else EXIT_PASS


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
