"""What a gate looks at: everything that was observed about one load window, without an opinion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slo.criterion import Criterion
from workbench.domain.series import Series


@dataclass(frozen=True)
class ClientView:
    """What the load generator saw: times in epoch seconds, latencies and lags in milliseconds.

    `target` is the URL that was loaded. `requests` are the (intended start, latency since then) of every request that
    was sent, `failed_at` the intended starts of those that a user would call failed: no answer in time, an error, or a
    wrong body.
    """

    started_at: float
    ended_at: float
    target_rps: float
    offered_rps: float
    dropped: int
    failed_at: Sequence[float]
    lag_p99_ms: float
    interrupted: bool
    requests: Sequence[tuple[float, float]]
    target: str


@dataclass(frozen=True)
class Counts:
    """The raw counters of one criterion; `slow` counts requests over its threshold exactly, if there is one."""

    criterion: Criterion
    numerator: Sequence[Series]
    total: Sequence[Series]
    slow: Sequence[Series] = ()


@dataclass(frozen=True)
class Hop:
    """One edge of the mesh as its receiver counted it: the sums of durations (milliseconds) and of requests."""

    source: str
    destination: str
    duration_ms: Sequence[Series]
    requests: Sequence[Series]


@dataclass(frozen=True)
class Observations:
    """One window, seen by the client, by both reporters of the mesh, and by the monitoring itself.

    `timelines` are the `up` series of the reporters' targets: `source` (the ingress) and `destination` (the gateway's
    sidecar). `histogram` are the cumulative buckets of the ingress's request duration by upper bound in milliseconds.
    `expected_ingress` is the address (host:port) at which the local platform that owns the client's target has its
    ingress scraped; None when the target is not on this machine.
    """

    client: ClientView
    counts: Sequence[Counts]
    timelines: Mapping[str, Sequence[Series]]
    reporters: Mapping[str, Sequence[Series]]
    histogram: Mapping[float, Sequence[Series]]
    expected_ingress: str | None
    scrape_interval_s: float
    prometheus_clock: float
    local_clock: float
    prometheus_started_at: float
    hops: Sequence[Hop] = ()
