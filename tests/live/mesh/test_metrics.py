"""Istio's metrics as the proxies' own metrics ports show them: labels, order, values, buckets, HTTP and TCP."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from tests.live.mesh.lab import PORTS, wait_until
from workbench.mesh.local.labels import CONNECTION_LABELS, LABELS
from workbench.mesh.local.metrics import BUCKETS_MS, SLOW_REQUESTS
from workbench.mesh.local.tcp_bytes import PREFIX_TAG

if TYPE_CHECKING:
    from tests.live.mesh.lab import Lab

NAMESPACE = "titanium-prod"
SIDES = {
    "source_workload": "api-gateway",
    "source_canonical_service": "api-gateway",
    "source_canonical_revision": "v1",
    "source_workload_namespace": NAMESPACE,
    "source_principal": f"spiffe://cluster.local/ns/{NAMESPACE}/sa/api-gateway",
    "source_app": "api-gateway",
    "source_version": "v1",
    "source_cluster": "Kubernetes",
    "destination_workload": "blog",
    "destination_workload_namespace": NAMESPACE,
    "destination_principal": f"spiffe://cluster.local/ns/{NAMESPACE}/sa/blog",
    "destination_app": "blog",
    "destination_version": "v1",
    "destination_service": f"blog.{NAMESPACE}.svc.cluster.local",
    "destination_canonical_service": "blog",
    "destination_canonical_revision": "v1",
    "destination_service_name": "blog",
    "destination_service_namespace": NAMESPACE,
    "destination_cluster": "Kubernetes",
    "request_protocol": "http",
    "response_code": "202",
    "grpc_response_status": "",
    "response_flags": "-",
}


def _grown(lab: Lab, proxy: str, metric: str, **wanted: str) -> dict[str, str]:
    """Return the labels of the one series that shows these values, in their order."""

    def found() -> list[tuple[tuple[str, str], ...]]:
        return [series for series in lab.samples(proxy, metric) if wanted.items() <= dict(series).items()]

    wait_until(found, f"{proxy} shows {metric} {wanted}")
    (series,) = found()
    return dict(series)


def test_both_sides_of_a_request_have_istios_labels_in_istios_order(lab: Lab) -> None:
    assert lab.call("blog", "/status/202").status_code == 202
    source = _grown(lab, "api-gateway", "istio_requests_total", reporter="source", response_code="202")
    destination = _grown(lab, "blog", "istio_requests_total", reporter="destination", response_code="202")
    assert tuple(source) == LABELS
    assert tuple(destination) == LABELS
    assert source == {**SIDES, "reporter": "source", "connection_security_policy": "unknown"}
    assert destination == {**SIDES, "reporter": "destination", "connection_security_policy": "mutual_tls"}


def test_histograms_have_istios_buckets(lab: Lab) -> None:
    assert lab.call("blog", "/status/203").status_code == 203
    for metric in ("istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes"):
        wait_until(
            lambda name=metric: any(  # type: ignore[misc] # bound on purpose: the loop goes on
                dict(series)["response_code"] == "203" for series in lab.samples("blog", f"{name}_bucket")
            ),
            metric,
        )
        samples = lab.samples("blog", f"{metric}_bucket")
        bounds = {dict(series)["le"] for series in samples if dict(series)["response_code"] == "203"}
        assert {float(bound) for bound in bounds} == {*BUCKETS_MS, float("inf")}


def test_a_request_of_500_ms_or_more_is_counted_exactly_and_a_quick_one_is_not(lab: Lab) -> None:
    def slow() -> float:
        return sum(lab.samples("blog", SLOW_REQUESTS).values())

    before = slow()
    assert lab.call("blog", "/x").status_code == 200
    assert lab.call("blog", "/slow/0.505").status_code == 200
    wait_until(lambda: slow() > before, "the slow request is counted")
    assert slow() == before + 1


def test_a_tcp_connection_is_counted_and_its_bytes_while_it_is_open(lab: Lab) -> None:
    request = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
    service = f"postgres.{NAMESPACE}.svc.cluster.local"

    def count(metric: str) -> float:
        return sum(lab.samples("api-gateway", metric).values())

    before = {metric: count(metric) for metric in ("istio_tcp_received_bytes_total", "istio_tcp_sent_bytes_total")}
    with socket.create_connection(("127.0.0.1", PORTS.workload("api-gateway").postgres), timeout=5) as connection:
        connection.sendall(request)
        answer = connection.recv(4096)
        for metric, size in (("received", len(request)), ("sent", len(answer))):
            name = f"istio_tcp_{metric}_bytes_total"
            labels = _grown(lab, "api-gateway", name, destination_service=service)
            assert tuple(label for label in labels if label != PREFIX_TAG) == CONNECTION_LABELS
            assert labels["request_protocol"] == "tcp"
            assert (labels["source_workload"], labels["destination_workload"]) == ("api-gateway", "postgres")
            assert count(name) - before[name] == size
        closed = count("istio_tcp_connections_closed_total")
    for metric in ("opened", "closed"):
        labels = _grown(lab, "api-gateway", f"istio_tcp_connections_{metric}_total", destination_service=service)
        assert tuple(labels) == CONNECTION_LABELS
        assert labels["destination_workload"] == "postgres"
        assert labels["connection_security_policy"] == "unknown"
    wait_until(lambda: count("istio_tcp_connections_closed_total") > closed, "the connection's end is counted")
