"""`titanium verify`: the main job. Set up, start, load, judge, break on purpose, judge again, report, stop.

Contract: exit 0 when the platform holds its SLOs and the counter-check proves that the gate would have noticed if not;
1 on a breach; 2 when this machine is in the way; 3 when the run cannot decide. Ctrl-C at any moment cleans up (130).
"""

import argparse
import secrets
from datetime import UTC, datetime
from pathlib import Path

from workbench.commands.gate import EXIT_CODES, read_criteria
from workbench.console import out, step
from workbench.platform.instance import Instance
from workbench.verify.actions import LocalActions
from workbench.verify.plan import VerifyPlan
from workbench.verify.report import print_outcome
from workbench.verify.run import verify

NAME = "verify"
HELP = "the main job: start everything, load it, judge it, and prove that the judgement can be believed"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    defaults = VerifyPlan()
    parser.add_argument("--rate", type=float, default=defaults.rate_rps, metavar="RPS", help="default %(default)g")
    parser.add_argument("--duration", type=float, default=defaults.duration_s, metavar="S", help="default %(default)g")
    parser.add_argument("--warmup", type=float, default=defaults.warmup_s, metavar="S", help="default %(default)g")
    parser.add_argument(
        "--limit",
        type=float,
        default=defaults.limit_s,
        metavar="S",
        help="longest run while the number of requests cannot decide (default %(default)g)",
    )
    parser.add_argument(
        "--check",
        type=float,
        default=defaults.check_s,
        metavar="S",
        help="length of the counter-check and of the recovery run (default %(default)g)",
    )
    parser.add_argument("--slo", type=Path, action="append", metavar="PATH", help="default: slo/objectives")
    parser.add_argument("--keep", action="store_true", help="leave the platform running")


def run(args: argparse.Namespace) -> int:
    """Verify and report."""
    plan = VerifyPlan(args.rate, args.duration, args.warmup, args.limit, args.check)
    instance = Instance.from_environment()
    criteria = read_criteria(args.slo)
    folder = instance.evidence / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-verify-{secrets.token_hex(2)}"
    actions = LocalActions(instance, criteria, folder, rate_rps=plan.rate_rps, keep=args.keep)
    outcome = verify(plan, actions, step)
    print_outcome(out, outcome, folder)
    return EXIT_CODES[outcome.verdict]
