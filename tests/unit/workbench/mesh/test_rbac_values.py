"""One value of an authorization rule: wildcards, identities, addresses and claims as Envoy's matchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.rbac_values import condition

if TYPE_CHECKING:
    from workbench.mesh.model import Json


def claim(path: str, matcher: Json) -> Json:
    steps = [{"key": "payload"}, {"key": path}]
    return {"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": steps, "value": {"string_match": matcher}}}


ANY: dict[str, dict[str, str]] = {"safe_regex": {"regex": ".+"}}


@pytest.mark.parametrize(
    ("key", "value", "matcher"),
    [
        ("path", "/a", {"url_path": {"path": {"exact": "/a"}}}),
        ("path", "*", {"url_path": {"path": ANY}}),
        ("path", "/a*", {"url_path": {"path": {"prefix": "/a"}}}),
        ("path", "*/a", {"url_path": {"path": {"suffix": "/a"}}}),
        ("method", "*", {"header": {"name": ":method", "present_match": True}}),
        ("host", "*", {"header": {"name": ":authority", "present_match": True}}),
        ("host", "*.b", {"header": {"name": ":authority", "string_match": {"suffix": ".b", "ignore_case": True}}}),
        ("source.principal", "*", {"authenticated": {"principal_name": ANY}}),
        ("source.principal", "a/b*", {"authenticated": {"principal_name": {"prefix": "spiffe://a/b"}}}),
        (
            "source.principal",
            "*/sa/a.b-c",
            {"authenticated": {"principal_name": {"safe_regex": {"regex": r"spiffe://.*/sa/a\.b-c"}}}},
        ),
        (
            "source.namespace",
            "a-*",
            {"authenticated": {"principal_name": {"safe_regex": {"regex": ".*/ns/a-.*/.*"}}}},
        ),
        ("source.ip", "10.0.0.1", {"direct_remote_ip": {"address_prefix": "10.0.0.1", "prefix_len": 32}}),
        ("remote.ip", "fd00::/8", {"remote_ip": {"address_prefix": "fd00::", "prefix_len": 8}}),
        ("destination.ip", "10.1.0.0/16", {"destination_ip": {"address_prefix": "10.1.0.0", "prefix_len": 16}}),
        ("connection.sni", "a.b", {"requested_server_name": {"exact": "a.b"}}),
    ],
)
def test_a_value_becomes_the_matcher_that_istio_writes(key: str, value: str, matcher: Json) -> None:
    assert condition(key, value) == matcher


@pytest.mark.parametrize(
    ("value", "issuer", "subject"),
    [
        ("https://a/b", {"exact": "https://a"}, {"exact": "b"}),
        ("https://a/*", {"exact": "https://a"}, ANY),
        ("*/b", ANY, {"exact": "b"}),
        ("*", ANY, ANY),
        ("*b", ANY, {"suffix": "b"}),
        ("a*", {"prefix": "a"}, ANY),
    ],
)
def test_a_request_principal_is_issuer_and_subject(value: str, issuer: Json, subject: Json) -> None:
    both = [claim("iss", issuer), claim("sub", subject)]
    assert condition("request.auth.principal", value) == {"and_ids": {"ids": both}}


def test_a_nested_claim_is_a_path() -> None:
    path = condition("request.auth.claims[realm][role]", "x")["metadata"]["path"]
    assert path == [{"key": "payload"}, {"key": "realm"}, {"key": "role"}]
