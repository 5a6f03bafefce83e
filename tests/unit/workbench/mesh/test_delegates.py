"""Delegation: both matches hold, what the delegate leaves open comes from the root, contradictions are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.delegates import resolved
from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.loader import load_texts

if TYPE_CHECKING:
    from workbench.mesh.kinds.virtual_service import HttpRoute

VIRTUAL_SERVICE = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: NAME, namespace: SPACE }
spec: { HOSTS http: [HTTP] }
"""
TO_BLOG = "route: [{ destination: { host: blog } }]"


def virtual_service(name: str, http: str, hosts: str = "", namespace: str = "shop") -> str:
    return (
        VIRTUAL_SERVICE.replace("NAME", name).replace("SPACE", namespace).replace("HOSTS", hosts).replace("HTTP", http)
    )


def merged(root: str, leaf: str, namespace: str = "shop") -> list[HttpRoute]:
    delegating = f"{{ delegate: {{ name: part, namespace: {namespace} }}, {root} }}"
    text = virtual_service("root", delegating, "hosts: [a.example],") + virtual_service("part", leaf, "", namespace)
    return resolved(load_texts([("mesh.yaml", text)]).virtual_services)[0].spec.http


def test_what_the_delegate_does_not_set_comes_from_the_root() -> None:
    (route,) = merged("name: r, timeout: 3s, mirror: { host: user }", f"{{ name: l, {TO_BLOG} }}")
    assert route.name == "r-l"
    assert route.timeout is not None
    assert route.mirror is not None
    (own,) = merged("retries: { attempts: 1 }", f"{{ retries: {{ attempts: 5 }}, {TO_BLOG} }}")
    assert own.retries is not None
    assert own.retries.attempts == 5


def test_both_matches_must_hold() -> None:
    (route,) = merged(
        "match: [{ uri: { prefix: /v1/ }, headers: { a: { exact: x } } }]",
        f"{{ match: [{{ uri: {{ exact: /v1/posts }}, headers: {{ b: {{ exact: y }} }}, port: 80 }}], {TO_BLOG} }}",
    )
    (match,) = route.match
    assert match.uri is not None
    assert match.uri.exact == "/v1/posts"
    assert sorted(match.headers) == ["a", "b"]
    assert match.port == 80


def test_short_hosts_of_a_delegate_mean_its_own_namespace() -> None:
    (route,) = merged("name: r", f"{{ {TO_BLOG} }}", namespace="other")
    assert route.route[0].destination.host == "blog.other.svc.cluster.local"


@pytest.mark.parametrize(
    ("root", "leaf"),
    [
        ("{ uri: { prefix: /a } }", "{ uri: { prefix: /b } }"),
        ("{ uri: { exact: /a } }", "{ uri: { prefix: /a } }"),
        ("{ uri: { regex: /a } }", "{ uri: { exact: /a } }"),
        ("{ uri: { prefix: /a } }", "{ uri: { regex: /a } }"),
        ("{ method: { exact: GET } }", "{ method: { exact: PUT } }"),
        ("{ headers: { a: { exact: x } } }", "{ headers: { a: { exact: y } } }"),
        ("{ port: 80 }", "{ port: 81 }"),
        ("{ ignoreUriCase: true }", "{ port: 81 }"),
        ("{ sourceNamespace: a }", "{ sourceNamespace: b }"),
        ("{ sourceLabels: { a: x } }", "{ sourceLabels: { a: y } }"),
        ("{ gateways: [a] }", "{ gateways: [b] }"),
    ],
)
def test_matches_that_contradict_each_other_are_refused(root: str, leaf: str) -> None:
    with pytest.raises(UnsupportedError, match="contradicts the root's"):
        merged(f"match: [{root}]", f"{{ match: [{leaf}], {TO_BLOG} }}")


def test_a_delegate_must_exist_and_must_not_delegate() -> None:
    alone = virtual_service("root", "{ delegate: { name: nobody } }", "hosts: [a.example],")
    with pytest.raises(MeshConfigError, match="no VirtualService nobody without hosts"):
        resolved(load_texts([("mesh.yaml", alone)]).virtual_services)
    with pytest.raises(MeshConfigError, match="cannot contain delegate"):
        merged("name: r", "{ delegate: { name: part } }")
