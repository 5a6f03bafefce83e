"""`titanium load`: put the users' load on the platform, open loop, and keep the evidence.

Contract: exit 0 when the load ran, whatever it measured (judging is the gate's work); 2 for options that make no sense
or a target that is not this machine; 3 when nothing could be measured; 130 after Ctrl-C, with what was measured until
then written and marked. Evidence: `<state>/evidence/<run-id>/load.json` and `samples.csv.gz`, or the folder given
with `--out`.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.load.errors import LoadError, NothingMeasuredError, PlanError
from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.result import ARRIVALS
from chaos.load.target import Target, parse_target
from workbench.console import out
from workbench.errors import EXIT_INTERRUPTED, EXIT_PASS, CannotDecideError, UsageError
from workbench.platform.instance import Instance
from workbench.reports.load import LoadProgress, print_summary

if TYPE_CHECKING:
    import argparse

    from chaos.load.result import LoadResult

NAME = "load"
HELP = "put an open-loop load of the users' scenarios on the platform"

PUBLIC_HOST = "blog.titanium.example"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=float, default=100.0, metavar="RPS", help="requests a second (default 100)")
    parser.add_argument("--duration", type=float, default=60.0, metavar="S", help="seconds measured (default 60)")
    parser.add_argument("--warmup", type=float, default=10.0, metavar="S", help="seconds before that (default 10)")
    parser.add_argument("--arrivals", choices=ARRIVALS, default="constant", help="spacing of the arrivals")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same schedule (default 1)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that split the rate (default 1)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="limit of one request (default 10)")
    parser.add_argument(
        "--max-in-flight", type=int, default=1000, metavar="N", help="beyond it arrivals are dropped (default 1000)"
    )
    parser.add_argument("--target", metavar="URL", help="base URL (default: the ingress of this instance)")
    parser.add_argument(
        "--host-header", metavar="HOST", help=f"Host to ask for (default at the ingress: {PUBLIC_HOST})"
    )
    parser.add_argument(
        "--i-own-this-target", action="store_true", help="allow a target that is not this machine (loopback)"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the evidence goes")
    parser.add_argument("--web", action="store_true", help="serve Locust's own pages too, on 127.0.0.1, until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """Make the run that the options describe."""
    instance = Instance.from_environment()
    plan = plan_from(args, instance)
    run_id = new_run_id()
    folder: Path = args.out or instance.evidence / run_id
    out.print(describe(plan))
    result = _measure(plan, folder, run_id, instance)
    if result is None:
        return EXIT_INTERRUPTED
    print_summary(result, out)
    out.print(f"evidence: {folder}", soft_wrap=True)
    return EXIT_INTERRUPTED if result.interrupted else EXIT_PASS


def plan_from(args: argparse.Namespace, instance: Instance) -> LoadPlan:
    """Return the validated plan; `UsageError` names the option that makes no sense."""
    try:
        return LoadPlan(
            target=_target(args, instance),
            rate_rps=args.rate,
            duration_s=args.duration,
            warmup_s=args.warmup,
            arrivals=args.arrivals,
            seed=args.seed,
            workers=args.workers,
            timeout_s=args.timeout,
            max_in_flight=args.max_in_flight,
            web_port=instance.ports.locust_web if args.web else None,
        )
    except PlanError as error:
        raise UsageError(str(error)) from error


def _target(args: argparse.Namespace, instance: Instance) -> Target:
    ingress = instance.ingress_url
    url: str = args.target or ingress
    # The ingress routes by host, under whatever name it is reached.
    host_header = args.host_header or (PUBLIC_HOST if url.rstrip("/") == ingress else None)
    return parse_target(url, host_header=host_header, own=args.i_own_this_target)


def new_run_id() -> str:
    """Return a name for a run that sorts by time and does not repeat."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-load-{secrets.token_hex(2)}"


def describe(plan: LoadPlan) -> str:
    """Return one line that says what is going to happen."""
    workers = f", {plan.workers} workers" if plan.workers > 1 else ""
    pages = f"\nLocust's pages: http://127.0.0.1:{plan.web_port} (Ctrl-C ends them)" if plan.web_port else ""
    return (
        f"load: {plan.rate_rps:g} requests/s ({plan.arrivals} arrivals, seed {plan.seed}{workers}) "
        f"on {plan.target.url}, {plan.warmup_s:g} s warm-up + {plan.duration_s:g} s measured{pages}"
    )


def _measure(plan: LoadPlan, folder: Path, run_id: str, instance: Instance) -> LoadResult | None:
    """Return the result, or None when somebody interrupted before anything was measured."""
    try:
        with LoadProgress(plan, out, instance.published) as progress:
            return run_load(plan, folder, run_id=run_id, on_progress=progress)
    except NothingMeasuredError as error:
        if error.interrupted:
            return None
        raise CannotDecideError(f"nothing was measured: {error}") from error
    except LoadError as error:
        raise CannotDecideError(str(error), hint="is the platform up? ask `titanium status`") from error
