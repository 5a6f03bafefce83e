"""When figures can be trusted: each precondition of a verdict, with its reason in numbers and what to do about it.

A precondition that does not hold says nothing about the platform: it says that this run cannot decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from workbench.domain.series import covered, increase, was_reset
from workbench.domain.wilson import smallest_conclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
# The client also sees its own connection and event loop, on a machine that it shares: 10 ms and a quarter.
P95_SLACK_MS: Final = 10.0
P95_SLACK_SHARE: Final = 0.25
P95: Final = 0.95


@dataclass(frozen=True)
class Precondition:
    """One condition: whether it holds, what was seen, and what to do if it does not hold.

    `transient` is one that a busy moment of the generator's machine can spoil: the same run again may well hold it.
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


def check(observations: Observations) -> list[Precondition]:
    """Return every precondition, in the order in which a reader would ask."""
    checks: tuple[Callable[[Observations], Precondition], ...] = (
        _finished,
        _clocks,
        _offered_rate,
        _dispatcher_lag,
        _coverage,
        _no_restart,
        _no_reset,
        _enough,
        _reporters,
        _client_counts,
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


def _enough(observations: Observations) -> Precondition:
    span = span_of(observations, "source")
    wanted = max(smallest_conclusive(1 - counts.criterion.target) for counts in observations.counts)
    seen = min((increase(counts.total, span) for counts in observations.counts), default=0.0) if span else 0.0
    return Precondition(
        "enough requests",
        seen >= wanted,
        f"{seen:.0f} requests seen by the mesh, at least {wanted} are needed",
        "run longer or at a higher rate; with no requests at all, look whether the load reached this platform",
    )


def _rate(observations: Observations, reporter: str) -> float:
    span = span_of(observations, reporter)
    return increase(observations.reporters.get(reporter, ()), span) / span.seconds if span else 0.0


def _reporters(observations: Observations) -> Precondition:
    source, destination = _rate(observations, "source"), _rate(observations, "destination")
    return Precondition(
        "both ends of the mesh agree",
        source > 0 and abs(destination / source - 1) <= REPORTER_TOLERANCE,
        f"{source:.1f} requests/s left the ingress, {destination:.1f} arrived at the gateway's sidecar",
        "look at the response flags in both access logs: titanium logs ingress",
    )


def _client_counts(observations: Observations) -> Precondition:
    span = span_of(observations, "source")
    sent = sum(span.start <= start < span.end for start, _ in observations.client.requests) if span else 0
    seen = increase(observations.reporters.get("source", ()), span) if span else 0.0
    return Precondition(
        "client and mesh count the same requests",
        sent > 0 and abs(seen / sent - 1) <= COUNT_TOLERANCE,
        f"{sent} sent, {seen:.0f} counted by the mesh in the same {span.seconds if span else 0:.0f} s",
        "look whether the load went to this platform, and whether something else sends requests to it",
    )


def _client_p95(observations: Observations) -> Precondition:
    bucket, client = p95_bucket(observations), observations.client.p95_ms
    if bucket is None:
        return Precondition("client and mesh agree on P95", False, "the mesh has no durations", "look at the ingress")
    low, high = bucket
    holds = low - 1 <= client <= high * (1 + P95_SLACK_SHARE) + P95_SLACK_MS
    return Precondition(
        "client and mesh agree on P95",
        holds,
        f"client {client:.1f} ms, mesh between {low:g} and {high:g} ms",
        "time is lost outside of the mesh: look at the generator's machine and at connections to the ingress",
        transient=True,
    )


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
