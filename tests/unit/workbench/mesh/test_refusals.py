"""What Istio refuses is refused with its words; what it takes and we cannot render is refused by name."""

from __future__ import annotations

import pytest

from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.loader import load_texts
from workbench.mesh.render import proxies_of, render

BASE = """\
apiVersion: v1
kind: Service
metadata: { name: blog, namespace: shop }
spec: { selector: { app: blog }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: blog, namespace: shop }
spec: { template: { metadata: { labels: { app: blog, sidecar.istio.io/inject: "true" } } } }
"""
HOST = "blog.shop.svc.cluster.local"
TO_BLOG = "route: [{ destination: { host: blog } }]"


def document(group: str, kind: str, name: str, spec: str) -> str:
    head = f"---\napiVersion: {group}.istio.io/v1\nkind: {kind}\n"
    return f"{head}metadata: {{ name: {name}, namespace: shop }}\nspec: {spec}\n"


def network(kind: str, name: str, spec: str) -> str:
    return document("networking", kind, name, spec)


def security(kind: str, name: str, spec: str) -> str:
    return document("security", kind, name, spec)


def virtual_service(http: str, hosts: str = "[blog]", name: str = "blog") -> str:
    return network("VirtualService", name, f"{{ hosts: {hosts}, http: [{http}] }}")


def rendered(more: str) -> None:
    resources = load_texts([("mesh.yaml", BASE + more)])
    render(resources, proxies_of(resources)[0])


def test_the_base_alone_is_rendered() -> None:
    rendered("")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (
            virtual_service(f"{{ {TO_BLOG} }}") + virtual_service(f"{{ {TO_BLOG} }}", name="second"),
            "VirtualService shop/second: spec.hosts",
        ),
        (
            network("DestinationRule", "a", "{ host: blog }") + network("DestinationRule", "b", f"{{ host: {HOST} }}"),
            "DestinationRule shop/b: spec.host",
        ),
        (
            security("PeerAuthentication", "a", "{ mtls: { mode: STRICT } }")
            + security("PeerAuthentication", "b", "{}"),
            "PeerAuthentication shop/b",
        ),
        (network("DestinationRule", "a", "{ host: '*.shop.svc.cluster.local' }"), "a wildcard host"),
        (security("AuthorizationPolicy", "a", "{ action: AUDIT, rules: [{}] }"), "spec.action: AUDIT"),
        (security("PeerAuthentication", "a", "{ mtls: { mode: DISABLE } }"), "spec.mtls.mode"),
        (security("RequestAuthentication", "a", "{ jwtRules: [{ issuer: i, jwksUri: 'http://k' }] }"), "jwksUri"),
        (
            virtual_service(f"{{ headers: {{ request: {{ set: {{ Host: x }} }} }}, {TO_BLOG} }}"),
            "use rewrite.authority",
        ),
    ],
)
def test_what_cannot_be_decided_or_rendered_is_refused_by_name(more: str, named: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        rendered(more)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (virtual_service(f"{{ redirect: {{ uri: /x }}, {TO_BLOG} }}"), "more than one of"),
        (virtual_service("{ redirect: { redirectCode: 300 } }"), "redirect code 300"),
        (virtual_service("{ directResponse: { status: 99 } }"), "HTTP status 99"),
        (virtual_service("{ fault: {}, " + TO_BLOG + " }"), "must have an abort and/or a delay"),
        (
            virtual_service("{ fault: { abort: { httpStatus: 500, grpcStatus: OK } }, " + TO_BLOG + " }"),
            "exactly one of",
        ),
        (virtual_service("{ fault: { abort: { grpcStatus: NO } }, " + TO_BLOG + " }"), 'gRPC status "NO"'),
        (virtual_service("{ fault: { delay: { percentage: { value: 1 } } }, " + TO_BLOG + " }"), "needs fixedDelay"),
        (
            virtual_service("{ route: [{ destination: { host: a } }, { destination: { host: b } }] }"),
            "total destination weight = 0",
        ),
        (virtual_service(f"{{ {TO_BLOG} }}", "[blog, blog]"), "duplicate hosts"),
        (network("DestinationRule", "b", "{ host: blog, subsets: [{ name: a }, { name: a }] }"), "duplicate subset"),
        (
            network(
                "DestinationRule",
                "b",
                "{ host: blog, trafficPolicy: { connectionPool: { tcp: { maxConnections: -1 } } } }",
            ),
            "must be non-negative",
        ),
        (
            security("AuthorizationPolicy", "a", "{ rules: [{ to: [{ operation: { ports: ['x'] } }] }] }"),
            "invalid port x",
        ),
        (
            security("AuthorizationPolicy", "a", "{ rules: [{ from: [{ source: { ipBlocks: ['x'] } }] }] }"),
            "invalid IP or CIDR x",
        ),
        (security("AuthorizationPolicy", "a", "{ rules: [{ from: [{}] }] }"), "must not be empty"),
        (security("AuthorizationPolicy", "a", "{ rules: [{ when: [{ key: source.ip }] }] }"), "at least one of"),
    ],
)
def test_what_istio_refuses_is_refused(more: str, reason: str) -> None:
    with pytest.raises(MeshConfigError) as caught:
        rendered(more)
    assert not isinstance(caught.value, UnsupportedError)
    assert reason in str(caught.value)
