"""Servers of a Gateway beyond the recorded cases: redirects, several servers, namespaces before hosts, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.loader import load_texts
from workbench.mesh.render import proxies_of, render

if TYPE_CHECKING:
    from workbench.mesh.model import Json, ProxyConfig

EDGE = """\
apiVersion: apps/v1
kind: Deployment
metadata: { name: edge, namespace: shop }
spec: { template: { metadata: { labels: { edge: "yes", sidecar.istio.io/inject: "true" } } } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { edge: "yes" }, servers: [SERVERS] }
"""
ROUTES = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: all, namespace: SPACE }
spec: { hosts: ["*"], gateways: [shop/edge], http: [{ route: [{ destination: { host: blog, port: PORT } }] }] }
"""
HTTP = "port: { number: 80, name: http, protocol: HTTP }"
HTTPS = "port: { number: 443, name: https, protocol: HTTPS }"


def rendered(servers: str, *namespaces: str) -> ProxyConfig:
    routes = "".join(ROUTES.replace("SPACE", one).replace("PORT", "{ number: 80 }") for one in namespaces)
    resources = load_texts([("mesh.yaml", EDGE.replace("SERVERS", servers) + routes)])
    return render(resources, proxies_of(resources)[0])


def hosts(config: ProxyConfig, name: str) -> dict[str, Json]:
    return {one["name"]: one for one in config.routes[name]["virtual_hosts"]}


def test_a_redirecting_server_needs_no_routes() -> None:
    found = hosts(rendered(f"{{ hosts: [a.example], {HTTP}, tls: {{ httpsRedirect: true }} }}"), "http.80")
    assert found["a.example:80"]["require_tls"] == "ALL"


def test_a_redirect_does_not_reach_the_hosts_of_another_server() -> None:
    second = HTTP.replace("name: http", "name: http-b")
    servers = f"{{ hosts: [a.example], {HTTP}, tls: {{ httpsRedirect: true }} }}, {{ hosts: [b.example], {second} }}"
    found = hosts(rendered(servers, "shop"), "http.80")
    assert found["a.example:80"]["require_tls"] == "ALL"
    assert "require_tls" not in found["b.example:80"]


def test_plain_servers_share_a_port_and_its_chain() -> None:
    second = HTTP.replace("name: http", "name: http-b")
    config = rendered(f"{{ hosts: [a.example], {HTTP} }}, {{ hosts: [b.example], {second} }}", "shop")
    assert len(config.listeners["0.0.0.0_80"]["filter_chains"]) == 1
    assert sorted(hosts(config, "http.80")) == ["a.example:80", "b.example:80"]


@pytest.mark.parametrize(
    ("host", "namespace", "is_served"),
    [
        ("a.example", "other", True),
        ("./a.example", "shop", True),
        ("./a.example", "other", False),
        ("other/a.example", "other", True),
        ("other/a.example", "shop", False),
        ("'*/a.example'", "other", True),
    ],
)
def test_a_namespace_before_a_host_limits_who_may_serve_it(host: str, namespace: str, *, is_served: bool) -> None:
    found = hosts(rendered(f"{{ hosts: [{host}], {HTTP} }}", namespace), "http.80")
    assert ("a.example:80" in found) is is_served


def test_two_services_for_one_host_of_a_gateway_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"VirtualService shop/all already serves a\.example"):
        rendered(f"{{ hosts: [a.example], {HTTP} }}", "shop", "other")


@pytest.mark.parametrize(
    ("server", "error", "named"),
    [
        (f"{HTTPS}, tls: {{ mode: PASSTHROUGH }}", UnsupportedError, "spec.servers[0].tls.mode"),
        (HTTPS, UnsupportedError, "spec.servers[0].tls.mode"),
        (f"{HTTPS}, tls: {{ mode: SIMPLE }}", MeshConfigError, "needs credentialName"),
        ("port: { number: 9, name: tcp, protocol: TCP }", UnsupportedError, "spec.servers[0].port.protocol"),
        (f"{HTTPS}, tls: {{ httpsRedirect: true }}", MeshConfigError, "only HTTP servers can redirect"),
        (f"{HTTP}, bind: 127.0.0.1", UnsupportedError, "spec.servers[0].bind"),
    ],
)
def test_servers_that_are_not_plain_http_or_terminated_tls_are_refused(
    server: str, error: type[MeshConfigError], named: str
) -> None:
    with pytest.raises(error) as caught:
        rendered(f"{{ hosts: [a.example], {server} }}")
    assert named in str(caught.value)


def test_one_port_cannot_be_plain_and_encrypted() -> None:
    tls = HTTPS.replace("443", "80") + ", tls: { mode: SIMPLE, credentialName: c }"
    with pytest.raises(MeshConfigError, match="cannot be both HTTP and HTTPS"):
        rendered(f"{{ hosts: [a.example], {HTTP} }}, {{ hosts: [b.example], {tls} }}")
