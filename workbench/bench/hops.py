"""Where each millisecond of a request goes: the time that every layer of the way adds, from its own histograms.

Contract: `breakdown` takes the summed duration that each layer reports over one window and returns, per request at
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

_MESH = "istio_request_duration_milliseconds_sum"


class NoSamplesError(CannotDecideError):
    """A layer of the request's way reported nothing over the window."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One place where durations are measured; `query` is the sum of milliseconds over `{window}`, in PromQL."""

    name: str
    adds: str
    query: str


# From outside to inside; the client's own figure comes from the load result and stands before them.
LAYERS = (
    Layer(
        "ingress",
        "ingress Envoy, and the way to the gateway's sidecar",
        f'sum(increase({_MESH}{{reporter="source",destination_workload="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "gateway's sidecar, inbound",
        "sidecar, and handing over to the application",
        f'sum(increase({_MESH}{{reporter="destination",destination_workload="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "gateway",
        "token, rate limit, routing",
        f'1000 * sum(increase({REQUEST_DURATION.name}_sum{{job="services",app="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "gateway's HTTP client",
        "client, and handing over to the sidecar",
        f'1000 * sum(increase({CLIENT_DURATION.name}_sum{{job="services",app="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "gateway's sidecar, outbound",
        "sidecar, and the way to the next one",
        f'sum(increase({_MESH}{{reporter="source",source_workload="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "service's sidecar, inbound",
        "sidecar, and handing over to the application",
        f'sum(increase({_MESH}{{reporter="destination",source_workload="api-gateway"}}[{{window}}]))',
    ),
    Layer(
        "service",
        "auth, user or blog with cache and database",
        f'1000 * sum(increase({REQUEST_DURATION.name}_sum{{job="services",app!="api-gateway"}}[{{window}}]))',
    ),
)
REQUESTS_QUERY = 'sum(increase(istio_requests_total{reporter="source",destination_workload="api-gateway"}[{window}]))'


@dataclass(frozen=True, slots=True)
class Share:
    """What one layer adds to a request, in milliseconds (mean), and what that work is."""

    name: str
    adds: str
    ms: float


def collect(query: Callable[[str], float | None], *, window_s: float) -> tuple[dict[str, float], float]:
    """Ask for each layer's summed milliseconds and the number of requests over the last `window_s` seconds."""
    window = f"{round(window_s)}s"
    sums = {layer.name: _ask(query, layer.name, layer.query.replace("{window}", window)) for layer in LAYERS}
    return sums, _ask(query, "requests at the ingress", REQUESTS_QUERY.replace("{window}", window))


def breakdown(sums_ms: Mapping[str, float], *, requests: float, client_mean_ms: float) -> list[Share]:
    """Return what each layer adds per request at the ingress, the client first; they add up to the client's mean."""
    per_request = [sums_ms[layer.name] / requests for layer in LAYERS]
    beneath = [*per_request[1:], 0.0]
    client = Share("client", "load generator, and the way to the ingress", client_mean_ms - per_request[0])
    inner = zip(LAYERS, per_request, beneath, strict=True)
    return [client, *(Share(layer.name, layer.adds, own - below) for layer, own, below in inner)]


def _ask(query: Callable[[str], float | None], what: str, promql: str) -> float:
    value = query(promql)
    if not value:
        raise NoSamplesError(f"no samples of {what} in the measured window", hint=f"the query was {promql}")
    return value
