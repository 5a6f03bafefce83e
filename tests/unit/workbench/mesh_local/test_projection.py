"""What istiod would push, on loopback: ports of the table, files in place of a control plane, Istio's names kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from workbench.mesh.errors import MeshConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workbench.mesh.local.projection import LocalConfig

    Projected = Callable[..., LocalConfig]


PAYMENTS = """
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: payments, namespace: titanium-prod }
spec: { template: { metadata: { labels: { app: payments } }, spec: { serviceAccountName: payments } } }
---
apiVersion: v1
kind: Service
metadata: { name: payments, namespace: titanium-prod }
spec: { selector: { app: payments }, ports: [{ name: http, port: 80, targetPort: 8000 }] }
"""


def _service(name: str, protocol: str, port: int) -> str:
    return f"""
---
apiVersion: v1
kind: Service
metadata: {{ name: {name}, namespace: titanium-prod }}
spec: {{ selector: {{ app: postgres }}, ports: [{{ name: {protocol}, port: {port}, targetPort: {port} }}] }}
"""


def _port(listener: dict[str, Any]) -> int:
    address = listener["address"]["socket_address"]
    assert address["address"] == "127.0.0.1"
    return int(address["port_value"])


def _cluster(config: LocalConfig, name: str) -> dict[str, Any]:
    return next(one for one in config.clusters if one["name"] == name)


def _hosts(cluster: dict[str, Any]) -> list[tuple[str, int]]:
    found = [
        host["endpoint"]["address"]["socket_address"]
        for locality in cluster["load_assignment"].get("endpoints", [])
        for host in locality["lb_endpoints"]
    ]
    return [(one["address"], one["port_value"]) for one in found]


def test_listeners_keep_istios_names_and_get_the_ports_of_the_table(projected: Projected) -> None:
    ports = {one["name"]: _port(one) for one in projected().listeners}
    assert ports == {"0.0.0.0_80": 21043, "CLUSTER_IP(postgres)_5432": 21046, "virtualInbound": 21042}


def test_nothing_listens_anywhere_but_on_loopback(projected: Projected) -> None:
    config = projected()
    addresses = [one["address"]["socket_address"]["address"] for one in config.listeners]
    addresses += [
        one["address"]["socket_address"]["address"] for one in config.bootstrap["static_resources"]["listeners"]
    ]
    addresses.append(config.bootstrap["admin"]["address"]["socket_address"]["address"])
    assert set(addresses) == {"127.0.0.1"}


def test_endpoints_are_the_inbound_ports_of_the_other_sidecars(projected: Projected) -> None:
    cluster = _cluster(projected(), "outbound|80||user.titanium-prod.svc.cluster.local")
    assert _hosts(cluster) == [("127.0.0.1", 21032)]


def test_a_server_without_a_sidecar_is_called_where_it_is_and_without_tls(projected: Projected) -> None:
    cluster = _cluster(projected(), "outbound|5432||postgres.titanium-prod.svc.cluster.local")
    assert _hosts(cluster) == [("127.0.0.1", 21003)]
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert "envoy.transport_socket_match" not in endpoint["metadata"]["filter_metadata"]


def test_the_application_is_a_static_address(projected: Projected) -> None:
    assert _hosts(_cluster(projected(), "inbound|8000||")) == [("127.0.0.1", 21040)]


def test_destinations_outside_of_the_mesh_have_no_endpoint(projected: Projected) -> None:
    """An original destination on loopback is the proxy itself: it would call itself for ever."""
    assert _hosts(_cluster(projected(), "PassthroughCluster")) == []
    assert "ORIGINAL_DST" not in json.dumps(projected().clusters)


def test_a_strict_inbound_port_has_only_chains_with_tls(projected: Projected) -> None:
    inbound = next(one for one in projected().listeners if one["name"] == "virtualInbound")
    assert [chain["filter_chain_match"] for chain in inbound["filter_chains"]] == [{"transport_protocol": "tls"}]
    assert all(
        chain["transport_socket"]["typed_config"]["require_client_certificate"] for chain in inbound["filter_chains"]
    )


def test_every_certificate_reference_has_a_file(projected: Projected) -> None:
    config = projected()
    references = list(_references([config.listeners, config.clusters]))
    assert {one["name"] for one in references} == {"default", "ROOTCA"}
    for one in references:
        assert one["sds_config"]["path_config_source"]["path"].endswith(f"/sds/{one['name']}.json")


def _references(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _references(one)
    elif isinstance(node, dict):
        yield from node.get("tls_certificate_sds_secret_configs", [])
        if "validation_context_sds_secret_config" in node:
            yield node["validation_context_sds_secret_config"]
        for one in node.values():
            yield from _references(one)


def test_rules_about_the_pods_port_hold_for_the_port_on_this_machine(projected: Projected) -> None:
    policy = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: blog, namespace: titanium-prod }
spec: { action: DENY, rules: [{ to: [{ operation: { ports: ["8000"] } }] }] }
"""
    text = json.dumps(projected(policy).listeners)
    assert '"destination_port": 21042' in text
    assert '"destination_port": 8000' not in text


def test_a_workload_without_ports_is_named(projected: Projected) -> None:
    with pytest.raises(MeshConfigError, match="titanium-prod/payments has no ports"):
        projected(PAYMENTS)


def test_a_second_http_port_is_refused_by_its_number(projected: Projected) -> None:
    with pytest.raises(MeshConfigError, match="HTTP port 9000"):
        projected(_service("second", "http", 9000))


def test_a_tcp_service_without_a_port_is_named(projected: Projected) -> None:
    with pytest.raises(MeshConfigError, match="TCP service kafka"):
        projected(_service("kafka", "tcp", 9092))
