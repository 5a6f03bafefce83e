"""The mesh's half of what a gate observes: raw counters from Prometheus, for the window of a load run.

Read are the criteria's own series and, to know whether they can be trusted, the same traffic as its receiver counted
it, the buckets of the ingress's durations, and the `up` series of both proxies as the clock of their scrapes.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.common.telemetry import workbench as registry_of_runs
from slo.criterion import Criterion
from workbench.adapters.prometheus import Prometheus
from workbench.domain.observations import ClientView, Counts, Hop, Observations
from workbench.domain.series import Series
from workbench.errors import CannotDecideError
from workbench.platform.ports import Ports

PROXIES_JOB: Final = "envoy-stats"
INGRESS: Final = "istio-ingressgateway"
GATEWAY: Final = "api-gateway"
SLOW_REQUESTS: Final = registry_of_runs.SLOW_REQUESTS.name
_SLOW_THRESHOLD_MS: Final = 500.0
# By the very label that the objectives select by: what they cannot see must not be counted here either.
_EDGE: Final = (
    f'source_workload="{INGRESS}",source_workload_namespace="istio-ingress",'
    f'destination_service="{GATEWAY}.titanium-prod.svc.cluster.local"'
)
_SOURCE: Final = f'{{reporter="source",{_EDGE}}}'
_DESTINATION: Final = f'{{reporter="destination",{_EDGE}}}'


@dataclass(frozen=True)
class Window:
    """Epoch seconds."""

    start: float
    end: float


def observe(
    criteria: Sequence[Criterion],
    client: ClientView,
    prometheus: Prometheus,
    *,
    clock: Callable[[], float] = time.time,
) -> Observations:
    """Return everything observed about the client's window.

    Raises:
        CannotDecideError: Prometheus could not be asked.
    """
    window = Window(client.started_at, client.ended_at)
    asked_at = clock()
    prometheus_clock = prometheus.clock()
    return Observations(
        client=client,
        counts=[_counts(criterion, prometheus, window) for criterion in criteria],
        timelines={
            "source": _timeline(prometheus, INGRESS, window),
            "destination": _timeline(prometheus, GATEWAY, window),
        },
        reporters={
            "source": _raw(prometheus, f"istio_requests_total{_SOURCE}", window),
            "destination": _raw(prometheus, f"istio_requests_total{_DESTINATION}", window),
        },
        histogram=_histogram(_raw(prometheus, f"istio_request_duration_milliseconds_bucket{_SOURCE}", window)),
        expected_ingress=_expected_ingress(client.target),
        scrape_interval_s=prometheus.scrape_interval_s(PROXIES_JOB),
        prometheus_clock=prometheus_clock,
        # The answer took a moment: compare with the middle of it.
        local_clock=(asked_at + clock()) / 2,
        prometheus_started_at=prometheus.started_at(),
        hops=_hops(prometheus, window),
    )


def queries(criteria: Sequence[Criterion]) -> list[str]:
    """Return the selectors that `observe` reads, for the evidence."""
    own = [selector.text for criterion in criteria for selector in (criterion.numerator, criterion.total)]
    return [
        *own,
        f"istio_requests_total{_SOURCE}",
        f"istio_requests_total{_DESTINATION}",
        f"istio_request_duration_milliseconds_bucket{_SOURCE}",
        f"{SLOW_REQUESTS}{_SOURCE}",
        f'up{{job="{PROXIES_JOB}",app=~"{INGRESS}|{GATEWAY}"}}',
    ]


def _hops(prometheus: Prometheus, window: Window) -> list[Hop]:
    """Return every edge that a receiver reports: where the time goes, for people."""
    durations, requests = (
        _by_edge(_raw(prometheus, f'istio_request_duration_milliseconds_{what}{{reporter="destination"}}', window))
        for what in ("sum", "count")
    )
    return [Hop(*edge, durations.get(edge, []), found) for edge, found in sorted(requests.items())]


def _by_edge(series: Sequence[Series]) -> dict[tuple[str, str], list[Series]]:
    grouped: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        edge = (one.labels.get("source_workload", "unknown"), one.labels.get("destination_workload", "unknown"))
        grouped.setdefault(edge, []).append(one)
    return grouped


def _expected_ingress(target: str) -> str | None:
    url = urlsplit(target)
    return f"{url.hostname}:{Ports(url.port).ingress_stats}" if url.hostname == "127.0.0.1" and url.port else None


def _counts(criterion: Criterion, prometheus: Prometheus, window: Window) -> Counts:
    exact = criterion.threshold_ms == _SLOW_THRESHOLD_MS
    return Counts(
        criterion=criterion,
        numerator=_raw(prometheus, criterion.numerator.text, window),
        total=_raw(prometheus, criterion.total.text, window),
        slow=_raw(prometheus, f"{SLOW_REQUESTS}{_SOURCE}", window) if exact else (),
    )


def _timeline(prometheus: Prometheus, workload: str, window: Window) -> list[Series]:
    return _raw(prometheus, f'up{{job="{PROXIES_JOB}",app="{workload}"}}', window)


def _raw(prometheus: Prometheus, selector: str, window: Window) -> list[Series]:
    return prometheus.raw(selector, window.start, window.end)


def _histogram(buckets: Sequence[Series]) -> dict[float, list[Series]]:
    """Group the buckets by their upper bound; Prometheus 2 writes `500`, Prometheus 3 `500.0`."""
    grouped: dict[float, list[Series]] = {}
    for series in buckets:
        bound = series.labels.get("le", "")
        if not re.fullmatch(r"\+Inf|[0-9.e+]+", bound):
            raise CannotDecideError(f"a histogram of the ingress has the bound le={bound!r}")
        grouped.setdefault(float(bound), []).append(series)
    return grouped
