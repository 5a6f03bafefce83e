"""When figures can be trusted: each precondition of a verdict, with its reason in numbers and what to do about it.

A precondition that does not hold says nothing about the platform: it says that this run cannot decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from workbench.domain.series import covered, increase, was_reset
from workbench.domain.wilson import smallest_conclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.domain.confidence import Confidence
    from workbench.domain.observations import Observations
    from workbench.domain.series import Series, Span

RATE_TOLERANCE: Final = 0.05
LAG_LIMIT_MS: Final = 10.0
# Scrapes that may be missing, and the longest gap between two.
COVERAGE_MINIMUM: Final = 0.9
LONGEST_GAP_INTERVALS: Final = 3.0
CLOCK_TOLERANCE_S: Final = 2.0
# Both count the same requests, but are scraped up to an interval apart, in which the rate may waver.
REPORTER_TOLERANCE: Final = 0.03
COUNT_TOLERANCE: Final = 0.05
# What the client may call failed beyond the mesh's count: a connection of its own now and then.
FAILURE_TOLERANCE: Final = 0.001
# The client also sees its own connection and event loop, on a machine that it shares: 10 ms and a quarter.
P95_SLACK_MS: Final = 10.0
P95_SLACK_SHARE: Final = 0.25
P95: Final = 0.95


@dataclass(frozen=True)
class Precondition:
    """One condition: whether it holds, what was seen, and what to do if it does not hold.

    `transient` is one that a busy moment of the generator's machine or a short run can spoil: the same run again, and
    longer, may well hold it.
    """

    name: str
    holds: bool
    observed: str
    remedy: str
    transient: bool = False


def span_of(observations: Observations, reporter: str) -> Span | None:
    """Return the part of the load window in which a reporter was scraped."""
    timelines = observations.timelines.get(reporter, ())
    if len(timelines) != 1:
        return None
    return covered(timelines[0], observations.client.started_at, observations.client.ended_at)


def check(observations: Observations, confidence: Confidence) -> list[Precondition]:
    """Return every precondition, in the order in which a reader would ask."""
    checks: tuple[Callable[[Observations], Precondition], ...] = (
        _finished,
        _clocks,
        _offered_rate,
        _dispatcher_lag,
        _coverage,
        _no_restart,
        _no_reset,
        lambda observed: _enough(observed, confidence),
        _reporters,
        _same_platform,
        _client_counts,
        _client_failures,
        _unscraped_failures,
        _client_p95,
    )
    return [one(observations) for one in checks]


def _finished(observations: Observations) -> Precondition:
    interrupted = observations.client.interrupted
    return Precondition(
        "the load ran to its end",
        not interrupted,
        "interrupted" if interrupted else "yes",
        "run the load again and let it finish",
    )


def _clocks(observations: Observations) -> Precondition:
    skew = observations.prometheus_clock - observations.local_clock
    return Precondition(
        "clocks agree",
        abs(skew) <= CLOCK_TOLERANCE_S,
        f"Prometheus is {skew:+.1f} s from here (limit {CLOCK_TOLERANCE_S:g} s)",
        "synchronise the clocks of this machine and of Prometheus",
    )


def _offered_rate(observations: Observations) -> Precondition:
    client = observations.client
    off = client.offered_rps / client.target_rps - 1 if client.target_rps else 1.0
    return Precondition(
        "the load was offered",
        abs(off) <= RATE_TOLERANCE and client.dropped == 0,
        f"{client.offered_rps:.1f} of {client.target_rps:g} requests/s offered, {client.dropped} never sent",
        "give the generator more CPU or more requests in flight (--workers, --max-in-flight)",
        transient=True,
    )


def _dispatcher_lag(observations: Observations) -> Precondition:
    lag = observations.client.lag_p99_ms
    return Precondition(
        "the generator kept its schedule",
        lag <= LAG_LIMIT_MS,
        f"dispatcher lag P99 {lag:.1f} ms (limit {LAG_LIMIT_MS:g} ms)",
        "end what else runs on this machine, or generate the load elsewhere",
        transient=True,
    )


def _coverage(observations: Observations) -> Precondition:
    client, interval = observations.client, observations.scrape_interval_s
    worst = min((_share_of_scrapes(observations, name) for name in ("source", "destination")), default=0.0)
    gap = max((_longest_gap(observations, name) for name in ("source", "destination")), default=float("inf"))
    return Precondition(
        "Prometheus watched all the time",
        worst >= COVERAGE_MINIMUM and gap <= LONGEST_GAP_INTERVALS * interval,
        f"{worst:.0%} of the scrapes of {client.ended_at - client.started_at:.0f} s, longest gap {gap:.1f} s",
        "look at Prometheus and its targets: titanium status, titanium logs prometheus",
    )


def _scrapes(observations: Observations, reporter: str) -> list[float]:
    timelines: Sequence[Series] = observations.timelines.get(reporter, ())
    client = observations.client
    if len(timelines) != 1:
        return []
    return [time for time, up in timelines[0].between(client.started_at, client.ended_at) if up == 1]


def _share_of_scrapes(observations: Observations, reporter: str) -> float:
    client = observations.client
    expected = (client.ended_at - client.started_at) / observations.scrape_interval_s
    return min(1.0, len(_scrapes(observations, reporter)) / max(1.0, expected - 1))


def _longest_gap(observations: Observations, reporter: str) -> float:
    client = observations.client
    times = [client.started_at, *_scrapes(observations, reporter), client.ended_at]
    return max(later - earlier for earlier, later in pairwise(times))


def _no_restart(observations: Observations) -> Precondition:
    before_s = observations.client.started_at - observations.prometheus_started_at
    return Precondition(
        "Prometheus was not restarted",
        before_s >= 0,
        f"started {abs(before_s):.0f} s {'before' if before_s >= 0 else 'after'} the run began",
        "run the load again while Prometheus stays up",
    )


def _no_reset(observations: Observations) -> Precondition:
    span = span_of(observations, "source")
    every = [series for counts in observations.counts for series in (*counts.numerator, *counts.total)]
    reset = span is not None and was_reset(every, span)
    return Precondition(
        "no counter was reset",
        span is not None and not reset,
        "a proxy was restarted in the middle of the run" if reset else "none",
        "find out why the proxy restarted (titanium status, titanium logs), then run again",
    )


def _enough(observations: Observations, confidence: Confidence) -> Precondition:
    span = span_of(observations, "source")
    wanted = max(smallest_conclusive(1 - counts.criterion.target, z=confidence.z) for counts in observations.counts)
    seen = min((increase(counts.total, span) for counts in observations.counts), default=0.0) if span else 0.0
    return Precondition(
        "enough requests",
        seen >= wanted,
        f"{seen:.0f} requests seen by the mesh, at least {wanted} are needed",
        "run longer or at a higher rate; with no requests at all, look whether the load reached this platform",
        transient=seen > 0,
    )


def _rate(observations: Observations, reporter: str) -> float:
    span = span_of(observations, reporter)
    return increase(observations.reporters.get(reporter, ()), span) / span.seconds if span else 0.0


def _in_flight_share(observations: Observations) -> float:
    """Return which share of the requests may be counted on the other side of a window's edge.

    The client dates a request by its start, a proxy by its end: what is in flight at an edge (Little's law: rate times
    latency) differs by that much, more the slower the platform and the shorter the window.
    """
    span, latency_ms = span_of(observations, "source"), client_p95_ms(observations)
    return latency_ms / 1000 / span.seconds if span and latency_ms is not None else 0.0


def _reporters(observations: Observations) -> Precondition:
    source, destination = _rate(observations, "source"), _rate(observations, "destination")
    tolerance = REPORTER_TOLERANCE + _in_flight_share(observations)
    return Precondition(
        "both ends of the mesh agree",
        source > 0 and abs(destination / source - 1) <= tolerance,
        f"{source:.1f} requests/s left the ingress, {destination:.1f} arrived at the gateway's sidecar",
        "look at the response flags in both access logs: titanium logs ingress",
    )


def _same_platform(observations: Observations) -> Precondition:
    """Hold unless Prometheus scrapes another local platform: two under the same load cannot be told apart by counts."""
    expected = observations.expected_ingress
    seen = [series.labels.get("instance", "") for series in observations.timelines.get("source", ())]
    addresses = ", ".join(seen) or "no address"
    comparable = expected is not None and all(one.startswith("127.0.0.1:") for one in seen)
    return Precondition(
        "Prometheus watches the platform that was loaded",
        not comparable or seen == [expected],
        f"the load went to {observations.client.target}, Prometheus scrapes the ingress at {addresses}"
        + ("" if comparable else " (not a platform of this machine: by the counts alone)"),
        "ask the Prometheus of the platform that was loaded: --prometheus, or TITANIUM_PORT_BASE",
    )


def _client_counts(observations: Observations) -> Precondition:
    span = span_of(observations, "source")
    sent = sum(span.start <= start < span.end for start, _ in observations.client.requests) if span else 0
    seen = increase(observations.reporters.get("source", ()), span) if span else 0.0
    return Precondition(
        "client and mesh count the same requests",
        sent > 0 and abs(seen / sent - 1) <= COUNT_TOLERANCE + _in_flight_share(observations),
        f"{sent} sent, {seen:.0f} counted by the mesh in the same {span.seconds if span else 0:.0f} s",
        "look whether the load went to this platform, and whether something else sends requests to it",
    )


def _client_failures(observations: Observations) -> Precondition:
    """Hold only if no more requests failed for the user than the mesh counts as failed: a wrong page has status 200."""
    span = span_of(observations, "source")
    client = observations.client
    felt = sum(span.start <= start < span.end for start in client.failed_at) if span else len(client.failed_at)
    errors = [one for one in observations.reporters.get("source", ()) if _is_server_error(one)]
    counted = increase(errors, span) if span else 0.0
    return Precondition(
        "client and mesh see the same failures",
        felt - counted <= max(1.0, FAILURE_TOLERANCE * len(client.requests)),
        f"{felt} requests failed for the client, {counted:.0f} were server errors for the mesh",
        "look at the failures in load.json: users get answers that are wrong, and that no objective counts as bad",
    )


def _unscraped_failures(observations: Observations) -> Precondition:
    """Hold unless a failure hides before the first or after the last scrape, where no counter is read.

    Where more failed than is allowed between the scrapes, too, they have nothing to hide: the breach is counted.
    """
    span = span_of(observations, "source")
    client = observations.client
    inside = sum(span.start <= start < span.end for start in client.failed_at) if span else 0
    sent = sum(span.start <= start < span.end for start, _ in client.requests) if span else 0
    allowed = min((1 - counts.criterion.target for counts in observations.counts), default=0.0)
    outside = len(client.failed_at) - inside
    return Precondition(
        "nothing failed where no scrape looks",
        outside <= max(1.0, FAILURE_TOLERANCE * len(client.requests)) or inside > allowed * sent,
        f"{outside} requests failed before the first scrape or after the last one, {inside} between them",
        "look at what happened at the beginning and at the end of the run: titanium status, titanium logs ingress",
    )


def _is_server_error(series: Series) -> bool:
    # 0 is no answer at all.
    code = series.labels.get("response_code", "")
    return code == "0" or code.startswith("5")


def _client_p95(observations: Observations) -> Precondition:
    bucket, client = p95_bucket(observations), client_p95_ms(observations)
    if bucket is None or client is None:
        return Precondition("client and mesh agree on P95", False, "the mesh has no durations", "look at the ingress")
    low, high = bucket
    # The slack must not reach over a limit that the mesh says is kept; nor what passed before and after the scrapes.
    limit = min((ms for ms in _limits_ms(observations) if ms >= high), default=math.inf) + P95_SLACK_MS
    whole = _p95([latency for _, latency in observations.client.requests])
    holds = low - 1 <= client <= high * (1 + P95_SLACK_SHARE) + P95_SLACK_MS and max(client, whole) <= limit
    return Precondition(
        "client and mesh agree on P95",
        holds,
        f"client {client:.1f} ms ({whole:.1f} ms with what no scrape covers), mesh between {low:g} and {high:g} ms",
        "time is lost outside of the mesh: look at the generator's machine and at connections to the ingress",
        transient=True,
    )


def _limits_ms(observations: Observations) -> list[float]:
    return [one.criterion.threshold_ms for one in observations.counts if one.criterion.threshold_ms is not None]


def client_p95_ms(observations: Observations) -> float | None:
    """Return the client's P95 (milliseconds, nearest rank) of the very requests that the mesh is asked about."""
    span = span_of(observations, "source")
    inside = [latency for start, latency in observations.client.requests if span and span.start <= start < span.end]
    return _p95(inside) if inside else None


def _p95(latencies_ms: Sequence[float]) -> float:
    return sorted(latencies_ms)[math.ceil(P95 * len(latencies_ms)) - 1]


def p95_bucket(observations: Observations) -> tuple[float, float] | None:
    """Return the bounds (milliseconds) between which the mesh saw 95 % of the requests end; None without any."""
    span = span_of(observations, "source")
    if span is None or not observations.histogram:
        return None
    bounds = sorted(observations.histogram)
    counts = [increase(observations.histogram[bound], span) for bound in bounds]
    if counts[-1] <= 0:
        return None
    index = next(i for i, count in enumerate(counts) if count >= P95 * counts[-1])
    return (bounds[index - 1] if index else 0.0, bounds[index])
