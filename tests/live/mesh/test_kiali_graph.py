"""Kiali's traffic graph from the local Prometheus: the platform's edges with protocol, mTLS and latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.mesh.dashboards import kiali
from tests.live.mesh.dashboards.kiali import Edge, edge
from tests.live.mesh.dashboards.population import (
    HTTP_EDGES,
    INGRESS,
    NAMESPACE,
    TCP_EDGES,
    identity_of,
    namespace_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.live.mesh.dashboards.traffic import Observed


NAMESPACES = (NAMESPACE, INGRESS[1])


def edges(pairs: Iterable[tuple[str, str]], protocol: str) -> set[Edge]:
    return {Edge(f"{one}.{namespace_of(one)}", f"{two}.{namespace_of(two)}", protocol) for one, two in pairs}


HTTP = edges(HTTP_EDGES, "http")
TCP = edges(TCP_EDGES, "tcp")


def drawn(observed: Observed, queries: Iterable[str], protocol: str = "http") -> set[Edge]:
    """The edges of all answers; a series that Kiali would skip is an error here."""
    found = set()
    for query in queries:
        for labels in observed.labels(query):
            one = edge(labels, protocol)
            assert one, f"Kiali skips {labels}"
            found.add(one)
    return found


def test_requests_draw_the_platforms_calls_and_no_others(observed: Observed) -> None:
    queries = [query for one in NAMESPACES for query in kiali.traffic(one, "istio_requests_total")]
    assert drawn(observed, queries) == HTTP


@pytest.mark.parametrize("metric", kiali.TCP_METRICS)
def test_connections_draw_the_ways_to_the_stores_and_no_others(metric: str, observed: Observed) -> None:
    queries = [query for one in NAMESPACES for query in kiali.traffic(one, metric)]
    assert drawn(observed, queries, "tcp") == TCP


def test_no_request_of_the_namespace_went_nowhere(observed: Observed) -> None:
    for namespace in NAMESPACES:
        nobody, _, _ = kiali.traffic(namespace, "istio_requests_total")
        assert observed.labels(nobody) == []


def test_the_ingress_is_drawn_as_a_client_only(observed: Observed) -> None:
    _, received, sent = kiali.traffic(INGRESS[1], "istio_requests_total")
    assert observed.labels(received) == []
    assert drawn(observed, [sent]) == edges([(INGRESS[0], "api-gateway")], "http")


def test_every_call_is_drawn_with_mutual_tls_between_the_two_identities(observed: Observed) -> None:
    seen = {
        (
            labels["source_workload"],
            labels["destination_workload"],
            labels["connection_security_policy"],
            labels["source_principal"],
            labels["destination_principal"],
        )
        for namespace in NAMESPACES
        for query in kiali.security(namespace)
        for labels in observed.labels(query)
    }
    assert seen == {(one, two, "mutual_tls", identity_of(one), identity_of(two)) for one, two in HTTP_EDGES}


@pytest.mark.parametrize("quantile", [0.5, 0.95, 0.99])
def test_every_call_is_drawn_with_its_response_time(quantile: float, observed: Observed) -> None:
    queries = [query for one in NAMESPACES for query in kiali.response_time(one, quantile)]
    assert drawn(observed, queries) == HTTP


@pytest.mark.parametrize("what", ["request", "response"])
def test_every_call_is_drawn_with_its_throughput(what: str, observed: Observed) -> None:
    queries = [query for one in NAMESPACES for query in kiali.throughput(one, what)]
    assert drawn(observed, queries) == HTTP
