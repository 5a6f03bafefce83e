"""The oracle is Istio itself: a hundred recorded cases, each equal in meaning, refused as Istio does, or by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workbench.mesh.clusters
import workbench.mesh.filters
import workbench.mesh.gateways
import workbench.mesh.inbound
import workbench.mesh.render
import workbench.mesh.routes
import workbench.mesh.virtual_hosts
from workbench.mesh.conformance.cases import Case, cases
from workbench.mesh.conformance.table import table, written_into
from workbench.mesh.conformance.verdict import Outcome, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
REFERENCE = Path(__file__).parent / "istio_reference"
CASES = {case.name: case for case in cases(REFERENCE)}

UNSUPPORTED = {
    "69-sidecar-egress": "Sidecar",
    "70-sidecar-registry-only": "Sidecar",
    "77-service-entry-external": "ServiceEntry",
    "78-service-entry-static": "ServiceEntry",
    "82-envoyfilter-local-rate-limit": "EnvoyFilter",
}
"""Refused by name, and the field or kind that the refusal must name."""

REASONS = {
    "83-invalid-fault-percentage": "percentage 150 is neither 0.0, nor in range [0.0001, 100.0]",
    "84-invalid-fault-status": "HTTP status 999 is not in range 200-599",
    "85-invalid-retries": "attempts cannot be negative",
    "86-invalid-retry-on": '"whenever" is not a valid retryOn policy',
    "87-invalid-timeout": "must be a valid duration greater than 1ms",
    "89-invalid-timeout-zero": "must be a valid duration greater than 1ms",
    "90-invalid-regex": "Istio uses RE2 style regex-based match",
    "91-invalid-no-action": "HTTP route, redirect or direct_response is required",
    "92-invalid-unknown-field": 'unknown field "spec.http[0].timeOut"',
    "93-invalid-outlier": "must be a valid duration greater than 1ms",
    "94-invalid-load-balancer": 'Unsupported value: "FASTEST"',
    "95-invalid-max-ejection": "percentage 150 is not in range 0..100",
    "96-invalid-authz-deny-empty": "DENY action without `rules` is meaningless as it will never be triggered",
    "97-invalid-authz-key": "invalid `value` for `key` request.body: unknown attribute: request.body",
    "98-invalid-jwt": "only one of jwks or jwksUri can be set",
    "99-invalid-pa-port": "portLevelMtls requires selector",
}
"""What Istio's refusal and ours must both say."""


def test_all_hundred_cases_are_here() -> None:
    assert len(CASES) == 100


@pytest.mark.parametrize("name", sorted(CASES.keys() - UNSUPPORTED.keys() - REASONS.keys()))
def test_the_case_means_what_istio_pushed(name: str) -> None:
    verdict = judge(CASES[name])
    assert not verdict.differences, "\n".join(map(str, verdict.differences))
    accepted_only = name == "88-invalid-no-hosts"
    assert verdict.outcome is (Outcome.ACCEPTED if accepted_only else Outcome.EQUAL), verdict.message


@pytest.mark.parametrize(("name", "named"), UNSUPPORTED.items())
def test_what_is_not_rendered_is_refused_by_file_and_field(name: str, named: str) -> None:
    verdict = judge(CASES[name])
    assert verdict.outcome is Outcome.UNSUPPORTED
    assert f"{name}/input.yaml:" in verdict.message
    assert named in verdict.message


@pytest.mark.parametrize(("name", "reason"), REASONS.items())
def test_what_istio_refuses_is_refused_for_the_same_reason(name: str, reason: str) -> None:
    assert reason in (CASES[name].refusal or "")
    verdict = judge(CASES[name])
    assert verdict.outcome is Outcome.REFUSED_AS_ISTIO
    assert reason in verdict.message
    assert f"{name}/input.yaml:" in verdict.message


def test_every_recorded_refusal_has_a_reason_in_the_table_above() -> None:
    assert {name for name, case in CASES.items() if case.refusal is not None} == REASONS.keys()


def test_the_documented_table_is_current() -> None:
    document = (ROOT / "docs" / "mesh.md").read_text(encoding="utf-8")
    generated = table(judge(case) for case in CASES.values())
    assert written_into(document, generated) == document, "run `titanium mesh table --write`"


def _changed(original: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: change(original(*args, **kwargs))


def _without(*keys: str) -> Callable[[Any], Any]:
    return lambda value: {key: one for key, one in value.items() if key not in keys}


MUTATIONS: list[tuple[str, ModuleType, str, Callable[[Any], Any]]] = [
    ("00-default", workbench.mesh.virtual_hosts, "default_route", lambda route: {**route, "name": "other"}),
    ("00-default", workbench.mesh.clusters, "circuit_breakers", lambda _: {}),
    ("00-default", workbench.mesh.clusters, "automatic_mtls", lambda matches: matches[:1]),
    ("00-default", workbench.mesh.clusters, "mtls_mode", lambda _: "DISABLE"),
    ("00-default", workbench.mesh.inbound, "inbound_mtls", _without("typed_config")),
    ("00-default", workbench.mesh.inbound, "inbound_retry_policy", lambda policy: {**policy, "num_retries": 3}),
    ("00-default", workbench.mesh.render, "render_fixed", _without("PassthroughCluster")),
    (
        "00-default",
        workbench.mesh.render,
        "render_outbound_listeners",
        lambda found: {**found, "extra": found["0.0.0.0_80"]},
    ),
    ("00-default", workbench.mesh.virtual_hosts, "http_ports", lambda ports: [*ports, 81]),
    ("00-default", workbench.mesh.virtual_hosts, "_domains", lambda domains: domains[1:]),
    ("00-default", workbench.mesh.filters, "_usual_filters", lambda filters: filters[::-1]),
    ("02-gateway-https-simple", workbench.mesh.gateways, "gateway_tls", _without("typed_config")),
    ("02-gateway-https-simple", workbench.mesh.gateways, "route_configuration", lambda c: {**c, "virtual_hosts": []}),
    ("06-match-prefix", workbench.mesh.routes, "route_match", lambda match: {**match, "case_sensitive": False}),
    ("19-headers", workbench.mesh.routes, "header_operations", _without("response_headers_to_remove")),
    ("20-timeout", workbench.mesh.routes, "duration", lambda _: "3s"),
    ("23-retries", workbench.mesh.routes, "retry_policy", _without("per_try_timeout")),
    ("27-fault-delay", workbench.mesh.routes, "per_filter_config", lambda _: {}),
    (
        "31-weighted-subsets",
        workbench.mesh.render,
        "render_outbound",
        lambda both: (both[0], {n: e[:1] for n, e in both[1].items()}),
    ),
    ("40-dr-outlier-detection", workbench.mesh.clusters, "outlier_detection", _without("max_ejection_percent")),
    ("45-dr-lb-consistent-hash", workbench.mesh.routes, "hash_policies", lambda _: []),
    ("53-pa-permissive", workbench.mesh.inbound, "_listener_filters", lambda filters: filters[:2]),
    ("56-authz-allow-principals", workbench.mesh.filters, "rbac_filters", lambda _: []),
    ("64-authz-allow-and-deny", workbench.mesh.filters, "rbac_filters", lambda filters: filters[::-1]),
    ("67-jwt-required", workbench.mesh.filters, "jwt_filters", lambda _: []),
    ("71-telemetry-access-log-text", workbench.mesh.filters, "access_logs", lambda _: []),
    ("75-telemetry-sampling", workbench.mesh.filters, "tracing", lambda _: {"client_sampling": {"value": 100}}),
]


@pytest.mark.parametrize(
    ("name", "module", "function", "change"), MUTATIONS, ids=[f"{m[0]}:{m[2]}:{i}" for i, m in enumerate(MUTATIONS)]
)
def test_a_renderer_with_a_defect_is_found_out(
    monkeypatch: pytest.MonkeyPatch, name: str, module: ModuleType, function: str, change: Callable[[Any], Any]
) -> None:
    monkeypatch.setattr(module, function, _changed(getattr(module, function), change))
    assert judge(CASES[name]).outcome is Outcome.DIFFERENT


def test_a_refusal_that_istio_does_not_know_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Case, "refusal", "refused")
    assert judge(CASES["20-timeout"]).outcome is Outcome.DIFFERENT
