"""`titanium trace ID`: where the time of one request went, with the log lines of all who worked on it.

ID is a request's id (the response header `x-request-id`) or a trace's (an exemplar's `trace_id`). Contract: exit 0
when the trace is shown; 2 when there is no Jaeger on this machine or the ID is none; 3 when Jaeger does not answer, or
has no such trace after `--wait` seconds: then the log lines that there are have been printed. Without Loki lines come
from files.
"""

import argparse
import re
import time
from collections.abc import Mapping
from typing import Final

from workbench.adapters.jaeger import Jaeger, Traces
from workbench.adapters.log_lines import from_files, from_loki
from workbench.domain.trace import LogLine, Trace
from workbench.errors import EXIT_PASS, CannotDecideError, UsageError
from workbench.platform import optional
from workbench.platform.backends import Backends
from workbench.platform.instance import Instance
from workbench.reports.waterfall import message, waterfall

NAME = "trace"
HELP = "show where the time of one request went, with its log lines"

# Proxies send spans every 5 s, and which traces are kept is decided 8 s after their first span.
_WAIT_S: Final = 20.0
_POLL_S: Final = 0.5
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 24 * 60 * _MINUTE_US


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("id", metavar="ID", help="a request's id (header x-request-id), or a trace's id")
    parser.add_argument(
        "--wait",
        type=float,
        default=_WAIT_S,
        metavar="S",
        help=f"how long to wait for the trace (default {_WAIT_S:.0f})",
    )


def run(args: argparse.Namespace) -> int:
    """Find the trace and its lines, and print them."""
    if not _ID.fullmatch(args.id):
        raise UsageError(f"{args.id!r} is no id", hint="take the response header x-request-id of a request")
    instance = Instance.from_environment()
    backends = Backends.found(instance)
    if backends.jaeger is None:
        raise UsageError(
            "there is no Jaeger on this machine, and so there are no traces",
            hint=f"run: {optional.JAEGER.way} && titanium up; its log lines: grep {args.id} {instance.logs}/*.log",
        )
    trace = wait_for(Jaeger(instance.jaeger_url), args.id, args.wait)
    lines = _lines(instance, backends, args.id, trace)
    if trace is None:
        _without(args.id, lines)
    else:
        print(waterfall(trace, lines))
    return EXIT_PASS


def wait_for(traces: Traces, wanted: str, wait_s: float) -> Trace | None:
    """Return the trace as soon as it is there; None after the wait."""
    find = traces.by_id if _TRACE_ID.fullmatch(wanted) else traces.by_request
    ends = time.monotonic() + wait_s
    while (trace := find(wanted)) is None and time.monotonic() < ends:
        time.sleep(_POLL_S)
    return trace


def _lines(instance: Instance, backends: Backends, wanted: str, trace: Trace | None) -> list[LogLine]:
    ids = _ids(wanted, trace)
    if backends.loki is None:
        return from_files(instance.logs, ids)
    now = time.time_ns() // 1000
    within = (trace.start_us - _MINUTE_US, trace.end_us + _MINUTE_US) if trace else (now - _DAY_US, now)
    return from_loki(instance.loki_url, ids, within)


def _ids(wanted: str, trace: Trace | None) -> Mapping[str, str]:
    """Return what lines are found by: access logs know the request's id alone, services' lines both."""
    if trace is None:
        return {"trace_id" if _TRACE_ID.fullmatch(wanted) else "request_id": wanted}
    requests = [span.tags["guid:x-request-id"] for span in trace.spans if "guid:x-request-id" in span.tags]
    return {"trace_id": trace.trace_id, **({"request_id": requests[0]} if requests else {})}


def _without(wanted: str, lines: list[LogLine]) -> None:
    for line in sorted(lines, key=lambda one: one.time_us):
        print(f"{line.workload:<22} {message(line.text)}")
    raise CannotDecideError(
        f"Jaeger has no trace of {wanted}",
        hint="kept are requests that failed or took longer than 500 ms, and one in ten others (docs/tracing.md)",
    )
