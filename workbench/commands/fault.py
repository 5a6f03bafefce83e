"""`titanium fault`: put faults in force at run time, as a patch of a VirtualService would on a cluster.

titanium fault apply blog --delay-ms 800 --percent 40
titanium fault apply blog --abort 503 --percent 5
titanium fault list
titanium fault clear

Contract: exit 0 when every proxy that is running has taken the change over; 2 for a fault that cannot be; 3 when a
proxy does not take it over. Faults happen in the callers' proxies, and stay in force until they are cleared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.console import out
from workbench.errors import EXIT_PASS
from workbench.mesh.local.control import ControlPlane
from workbench.mesh.local.faults import InjectedFault
from workbench.mesh.local.takeover import wait_for_takeover
from workbench.platform.instance import Instance

if TYPE_CHECKING:
    import argparse

NAME = "fault"
HELP = "inject delays and errors into the mesh at run time, and take them away again"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    apply = actions.add_parser("apply", help="put a fault in force, in the place of the service's earlier one")
    apply.add_argument("service", help="the service towards which requests are delayed or aborted, such as blog")
    apply.add_argument("--percent", type=float, default=100.0, metavar="P", help="share of the requests (default 100)")
    kind = apply.add_mutually_exclusive_group(required=True)
    kind.add_argument("--delay-ms", type=int, default=0, metavar="MS", help="milliseconds before the request goes on")
    kind.add_argument("--abort", type=int, default=0, metavar="STATUS", help="answer with this HTTP status instead")
    actions.add_parser("list", help="show the faults in force")
    clear = actions.add_parser("clear", help="take faults out of force")
    clear.add_argument("service", nargs="?", help="only this service's (default: all)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    plane = ControlPlane.of_running(Instance.from_environment())
    if args.action == "apply":
        fault = InjectedFault(percent=args.percent, delay_ms=args.delay_ms, status=args.abort)
        wait_for_takeover(plane, plane.put_fault(args.service, fault))
    elif args.action == "clear":
        wait_for_takeover(plane, plane.clear_faults(args.service))
    faults = plane.faults.read()
    for service, fault in sorted(faults.items()):
        out.print(f"{service}: {fault}")
    if not faults:
        out.print("no fault is in force")
    return EXIT_PASS
