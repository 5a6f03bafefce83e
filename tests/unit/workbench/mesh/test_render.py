"""What the recorded cases do not show: names of ports, wildcard hosts, precedence, competing objects, redirects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.errors import UnsupportedError
from workbench.mesh.loader import load_texts
from workbench.mesh.model import ProxyConfig, ProxyRole
from workbench.mesh.render import proxies_of, proxy_of, render

if TYPE_CHECKING:
    from workbench.mesh.model import Json

BASE = """\
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: blog, namespace: shop }
spec: { selector: { app: blog }, ports: [{ name: http, port: 80, targetPort: web }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: blog, namespace: shop }
spec:
  template:
    metadata: { labels: { app: blog } }
    spec: { serviceAccountName: blog, containers: [{ name: c, ports: [{ name: web, containerPort: 8123 }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: edge, namespace: shop }
spec:
  template:
    metadata: { labels: { edge: "yes" }, annotations: { inject.istio.io/templates: gateway } }
---
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: shop }
spec: { selector: { edge: "yes" }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { edge: "yes" }
  servers: [{ hosts: ["*.example"], port: { number: 80, name: http, protocol: HTTP } }]
"""
HOST = "blog.shop.svc.cluster.local"


def network(kind: str, name: str, spec: str) -> str:
    head = f"---\napiVersion: networking.istio.io/v1\nkind: {kind}\n"
    return f"{head}metadata: {{ name: {name}, namespace: shop }}\nspec: {spec}\n"


def security(kind: str, name: str, spec: str, namespace: str = "shop") -> str:
    meta = f"{{ name: {name}, namespace: {namespace} }}"
    return f"---\napiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {meta}\nspec: {spec}\n"


def rendered(more: str = "", workload: str = "blog") -> ProxyConfig:
    resources = load_texts([("mesh.yaml", BASE + more)])
    return render(resources, proxy_of(resources, resources.workload(workload, "shop")))


def routes(config: ProxyConfig, name: str, host: str) -> list[Json]:
    return next(one["routes"] for one in config.routes[name]["virtual_hosts"] if one["name"] == host)


def virtual_service(http: str, hosts: str = "[blog]", gateways: str = "[mesh]", name: str = "blog") -> str:
    return network("VirtualService", name, f"{{ hosts: {hosts}, gateways: {gateways}, http: [{http}] }}")


TO_BLOG = "route: [{ destination: { host: blog } }]"


def test_a_named_target_port_is_looked_up_in_the_pod() -> None:
    config = rendered()
    assert [one.port for one in config.endpoints[f"outbound|80||{HOST}"]] == [8123]
    assert "inbound|8123||" in config.clusters


@pytest.mark.parametrize(("replicas", "weights"), [(3, [3]), (0, [])])
def test_an_endpoint_weighs_as_much_as_its_workload_has_pods(replicas: int, weights: list[int]) -> None:
    resources = load_texts(
        [("m.yaml", BASE.replace("spec:\n  template:", f"spec:\n  replicas: {replicas}\n  template:", 1))]
    )
    config = render(resources, proxy_of(resources, resources.workload("edge", "shop")))
    assert [one.weight for one in config.endpoints[f"outbound|80||{HOST}"]] == weights


def test_a_gateway_listens_where_its_service_sends_and_names_hosts_by_the_servers_port() -> None:
    config = rendered(virtual_service("{ " + TO_BLOG + " }", "[a.example]", "[edge]"), "edge")
    assert "0.0.0.0_8080" in config.listeners
    assert [one["name"] for one in config.routes["http.8080"]["virtual_hosts"]] == ["a.example:80"]


@pytest.mark.parametrize(
    ("hosts", "served"),
    [
        ("['*']", ["*.example:80"]),
        ("[A.example, b.example]", ["a.example:80", "b.example:80"]),
        ("[a.other]", ["blackhole:80"]),
    ],
)
def test_a_gateway_serves_the_hosts_that_both_sides_name(hosts: str, served: list[str]) -> None:
    config = rendered(virtual_service("{ " + TO_BLOG + " }", hosts, "[edge]"), "edge")
    assert [one["name"] for one in config.routes["http.8080"]["virtual_hosts"]] == served


def test_roles_come_from_the_injection_template() -> None:
    resources = load_texts([("mesh.yaml", BASE)])
    assert {p.workload.name: p.role for p in proxies_of(resources)} == {
        "blog": ProxyRole.SIDECAR,
        "edge": ProxyRole.GATEWAY,
    }


def test_a_workload_without_a_sidecar_is_called_in_plain_text_and_has_no_proxy() -> None:
    plain = BASE.replace("labels: { app: blog }", 'labels: { app: blog, sidecar.istio.io/inject: "false" }')
    resources = load_texts([("mesh.yaml", plain)])
    assert [proxy.workload.name for proxy in proxies_of(resources)] == ["edge"]
    config = render(resources, proxies_of(resources)[0])
    assert [one.tls for one in config.endpoints[f"outbound|80||{HOST}"]] == [False]


def test_a_port_whose_name_declares_no_protocol_is_refused() -> None:
    nameless = BASE.replace("name: http, port: 80, targetPort: web", "name: web, port: 80")
    resources = load_texts([("mesh.yaml", nameless)])
    with pytest.raises(UnsupportedError, match=r"spec.ports\[0\].name: the name 'web' declares no protocol"):
        render(resources, proxies_of(resources)[0])


def test_a_headless_service_is_refused_by_field() -> None:
    headless = BASE.replace("spec: { selector: { app: blog }", "spec: { clusterIP: None, selector: { app: blog }")
    resources = load_texts([("mesh.yaml", headless)])
    with pytest.raises(UnsupportedError, match=r"Service shop/blog: spec.clusterIP"):
        render(resources, proxies_of(resources)[0])


@pytest.mark.parametrize(
    ("redirect", "answer"),
    [
        ("{ derivePort: FROM_REQUEST_PORT, uri: /x }", {"path_redirect": "/x", "response_code": "MOVED_PERMANENTLY"}),
        (
            "{ port: 8443, scheme: https, redirectCode: 307 }",
            {"port_redirect": 8443, "scheme_redirect": "https", "response_code": "TEMPORARY_REDIRECT"},
        ),
        ("{ port: 443, scheme: https, redirectCode: 303 }", {"scheme_redirect": "https", "response_code": "SEE_OTHER"}),
        ("{ prefixRewrite: /y/, redirectCode: 302 }", {"prefix_rewrite": "/y/", "response_code": "FOUND"}),
    ],
)
def test_redirects_leave_out_the_schemes_own_port(redirect: str, answer: Json) -> None:
    config = rendered(virtual_service("{ redirect: " + redirect + " }"))
    assert routes(config, "80", f"{HOST}:80")[0]["redirect"] == answer


def test_routes_after_one_that_catches_everything_are_not_rendered() -> None:
    config = rendered(virtual_service(f"{{ {TO_BLOG} }}, {{ timeout: 9s, {TO_BLOG} }}"))
    assert len(routes(config, "80", f"{HOST}:80")) == 1


@pytest.mark.parametrize(
    ("match", "has_it"),
    [
        ("{ gateways: [mesh] }", True),
        ("{ gateways: [edge] }", False),
        ("{ port: 80 }", True),
        ("{ port: 81 }", False),
        ("{ sourceNamespace: shop }", True),
        ("{ sourceNamespace: other }", False),
    ],
)
def test_a_match_decides_which_proxies_have_the_route(match: str, has_it: bool) -> None:
    config = rendered(virtual_service(f"{{ match: [{match}], timeout: 7s, {TO_BLOG} }}, {{ {TO_BLOG} }}"))
    timeouts = [one["route"]["timeout"] for one in routes(config, "80", f"{HOST}:80")]
    assert ("7s" in timeouts) is has_it


def test_a_hashed_route_may_retry_the_same_host() -> None:
    rule = network(
        "DestinationRule",
        "blog",
        "{ host: blog, trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } } }",
    )
    action = routes(rendered(rule + virtual_service(f"{{ {TO_BLOG} }}")), "80", f"{HOST}:80")[0]["route"]
    assert action["hash_policy"] == [{"connection_properties": {"source_ip": True}}]
    assert "retry_host_predicate" not in action["retry_policy"]


def _chain_matches(config: ProxyConfig) -> list[Json]:
    chains = config.listeners["virtualInbound"]["filter_chains"]
    return [one["filter_chain_match"] for one in chains if one["filter_chain_match"].get("destination_port") == 8123]


def test_the_nearest_peer_authentication_wins() -> None:
    mesh = security("PeerAuthentication", "mesh", "{ mtls: { mode: STRICT } }", "istio-system")
    near = security(
        "PeerAuthentication", "near", "{ selector: { matchLabels: { app: blog } }, mtls: { mode: PERMISSIVE } }"
    )
    assert len(_chain_matches(rendered())) == 2
    assert len(_chain_matches(rendered(mesh))) == 1
    assert len(_chain_matches(rendered(mesh + near))) == 2


def test_a_policy_of_another_workload_changes_nothing() -> None:
    other = "{ selector: { matchLabels: { app: other } } }"
    assert rendered(security("AuthorizationPolicy", "a", other)) == rendered()


def test_ports_that_no_service_names_are_closed_to_bytes_once_a_policy_guards_the_workload() -> None:
    def passing(config: ProxyConfig) -> set[str]:
        chains = config.listeners["virtualInbound"]["filter_chains"]
        return {one["filters"][0]["typed_config"]["cluster"] for one in chains if one["name"] == "virtualInbound"}

    assert passing(rendered()) == {"InboundPassthroughCluster"}
    assert passing(rendered(security("AuthorizationPolicy", "a", "{}"))) == {"BlackHoleCluster"}


def test_rendering_twice_gives_the_same() -> None:
    assert rendered(workload="edge") == rendered(workload="edge")
