"""Where each millisecond of a request goes: the time that every layer of the way adds, from its own histograms.

Contract: `breakdown` takes the summed duration that each layer reports between two moments and returns, per request at
the ingress, what each layer adds to the one beneath it. Means can be subtracted, percentiles cannot: hence sums.
Layers run from the client inwards; a layer adds its own work and the way to the next one. A layer without samples is
an error, not a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.common.telemetry.registry import CLIENT_DURATION, REQUEST_DURATION
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MESH = "istio_request_duration_milliseconds"
# Envoy's access log cuts durations to whole milliseconds: on average half of one is missing, and is added back.
_CUT_OFF_MS = 0.5


class NoSamplesError(CannotDecideError):
    """A layer of the request's way reported nothing over the window."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A place where durations are measured; `query` is the milliseconds it had summed up by the time `{at}`, PromQL."""

    name: str
    adds: str
    query: str


def _mesh(labels: str) -> str:
    return f"sum({_MESH}_sum{{{labels}}} @ {{at}}) + {_CUT_OFF_MS} * sum({_MESH}_count{{{labels}}} @ {{at}})"


def _service(metric: str, labels: str) -> str:
    return f"1000 * sum({metric}_sum{{{labels}}} @ {{at}})"


# From outside to inside; the client's own figure comes from the load result and stands before them.
LAYERS = (
    Layer(
        "ingress",
        "ingress Envoy, and the way to the gateway's sidecar",
        _mesh('reporter="source",destination_workload="api-gateway"'),
    ),
    Layer(
        "gateway's sidecar, inbound",
        "sidecar, and handing over to the application",
        _mesh('reporter="destination",destination_workload="api-gateway"'),
    ),
    Layer(
        "gateway",
        "token, rate limit, routing",
        _service(REQUEST_DURATION.name, 'job="services",app="api-gateway"'),
    ),
    Layer(
        "gateway's HTTP client",
        "client, and handing over to the sidecar",
        _service(CLIENT_DURATION.name, 'job="services",app="api-gateway"'),
    ),
    Layer(
        "gateway's sidecar, outbound",
        "sidecar, and the way to the next one",
        _mesh('reporter="source",source_workload="api-gateway"'),
    ),
    Layer(
        "service's sidecar, inbound",
        "sidecar, and handing over to the application",
        _mesh('reporter="destination",source_workload="api-gateway"'),
    ),
    Layer(
        "service",
        "auth, user or blog with cache and database",
        _service(REQUEST_DURATION.name, 'job="services",app!="api-gateway"'),
    ),
)
REQUESTS_QUERY = 'sum(istio_requests_total{reporter="source",destination_workload="api-gateway"} @ {at})'


@dataclass(frozen=True, slots=True)
class Share:
    """What one layer adds to a request, in milliseconds (mean), and what that work is."""

    name: str
    adds: str
    ms: float


def collect(query: Callable[[str], float | None], *, before: float, after: float) -> tuple[dict[str, float], float]:
    """Ask for each layer's summed milliseconds and the number of requests between two moments, epoch seconds.

    At both moments there must be no traffic: the difference of two counters at rest is exact, whereas rates over a
    window that traffic crosses are extrapolated, and differently for each target.
    """
    sums = {layer.name: _between(query, layer.name, layer.query, before, after) for layer in LAYERS}
    return sums, _between(query, "requests at the ingress", REQUESTS_QUERY, before, after)


def breakdown(sums_ms: Mapping[str, float], *, requests: float, client_mean_ms: float) -> list[Share]:
    """Return what each layer adds per request at the ingress, the client first; they add up to the client's mean."""
    per_request = [sums_ms[layer.name] / requests for layer in LAYERS]
    beneath = [*per_request[1:], 0.0]
    client = Share("client", "load generator, and the way to the ingress", client_mean_ms - per_request[0])
    inner = zip(LAYERS, per_request, beneath, strict=True)
    return [client, *(Share(layer.name, layer.adds, own - below) for layer, own, below in inner)]


def _between(query: Callable[[str], float | None], what: str, promql: str, before: float, after: float) -> float:
    earlier, later = (query(promql.replace("{at}", f"{at:.3f}")) for at in (before, after))
    if earlier is None or later is None or later <= earlier:
        raise NoSamplesError(f"no samples of {what} in the measured run", hint=f"the query was {promql}")
    return later - earlier
