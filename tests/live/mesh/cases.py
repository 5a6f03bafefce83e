"""How each case of Istio's recorded response flags is made here: YAML added to the base, a request, what is expected.

The expectations are not written here: they are the record (`response-flags.json`, measured on a real Istio).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Case:
    """One case of the record. `settled` is the status that tells that the configuration is in force (0: at once)."""

    name: str
    path: str = "/x"
    service: str = "blog"
    yaml: str = ""
    how: str = "call"
    prepare: str = ""
    settled: int = 0


def _rule(kind: str, spec: str, group: str = "networking.istio.io/v1") -> str:
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{ name: blog, namespace: titanium-prod }}\nspec: {spec}\n"


def _routes(route: str) -> str:
    return _rule("VirtualService", "{ hosts: [blog], http: [{ " + route + " }] }")


_TO_BLOG: Final = "route: [{ destination: { host: blog } }]"
_SECURITY: Final = "security.istio.io/v1"
# A key that nobody signs with: the token of the case is no token at all.
_JWKS: Final = (
    '{"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256",'
    '"x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}'
)

CASES: Final = (
    Case("ok"),
    Case("app-status", "/status/503"),
    Case("app-drops-before-response", "/drop"),
    Case("app-drops-mid-response", "/cut"),
    Case("app-not-listening", service="user"),
    Case("endpoint-refuses", service="auth"),
    Case("no-endpoints", service="empty"),
    Case(
        "all-ejected",
        yaml=_rule(
            "DestinationRule",
            "{ host: blog, trafficPolicy: { outlierDetection: { consecutive5xxErrors: 1, interval: 1s, "
            "baseEjectionTime: 5s, maxEjectionPercent: 100 } } }",
        ),
        prepare="/status/500",
    ),
    Case(
        "overflow",
        "/slow/0.5",
        yaml=_rule(
            "DestinationRule",
            "{ host: blog, trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 }, "
            "http: { http1MaxPendingRequests: 1 } } } }",
        ),
        how="six at once",
    ),
    Case("client-gone", "/slow/1", how="leave"),
    Case("route-timeout", "/slow/1", yaml=_routes(f"timeout: 0.2s, {_TO_BLOG}")),
    Case(
        "per-try-timeout",
        "/slow/1",
        yaml=_routes(f"retries: {{ attempts: 1, perTryTimeout: 0.2s, retryOn: gateway-error }}, {_TO_BLOG}"),
    ),
    Case("retries-exhausted", "/status/503", yaml=_routes(f"retries: {{ attempts: 2, retryOn: 5xx }}, {_TO_BLOG}")),
    Case(
        "fault-abort",
        yaml=_routes(f"fault: {{ abort: {{ httpStatus: 503, percentage: {{ value: 100 }} }} }}, {_TO_BLOG}"),
    ),
    Case(
        "fault-delay",
        yaml=_routes(f"fault: {{ delay: {{ fixedDelay: 0.3s, percentage: {{ value: 100 }} }} }}, {_TO_BLOG}"),
    ),
    Case(
        "fault-delay-longer-than-timeout",
        yaml=_routes(
            f"timeout: 0.2s, fault: {{ delay: {{ fixedDelay: 0.6s, percentage: {{ value: 100 }} }} }}, {_TO_BLOG}"
        ),
    ),
    Case(
        "rbac-deny",
        yaml=_rule(
            "AuthorizationPolicy",
            "{ action: DENY, selector: { matchLabels: { app: blog } }, "
            'rules: [{ to: [{ operation: { paths: ["*"] } }] }] }',
            _SECURITY,
        ),
        settled=403,
    ),
    Case(
        "rbac-no-allow",
        yaml=_rule(
            "AuthorizationPolicy",
            "{ selector: { matchLabels: { app: blog } }, "
            "rules: [{ from: [{ source: { principals: [cluster.local/ns/titanium-prod/sa/user] } }] }] }",
            _SECURITY,
        ),
        settled=403,
    ),
    Case(
        "jwt-bad",
        yaml=_rule(
            "RequestAuthentication",
            "{ selector: { matchLabels: { app: blog } }, jwtRules: [{ issuer: https://issuer.example, jwks: '"
            + _JWKS
            + "' }] }",
            _SECURITY,
        ),
        how="bad token",
        settled=401,
    ),
    Case("gateway-no-route", "/nowhere", how="ingress"),
    Case(
        "plaintext-client",
        yaml=_rule("DestinationRule", "{ host: blog, trafficPolicy: { tls: { mode: DISABLE } } }"),
    ),
    Case("plaintext-no-proxy", how="plain text"),
    Case(
        "wrong-san",
        # Any change of the cluster makes the client connect anew, and see the other certificate.
        yaml=_rule(
            "DestinationRule", "{ host: blog, trafficPolicy: { connectionPool: { tcp: { maxConnections: 9 } } } }"
        ),
        how="other certificate",
    ),
)

NOT_MADE: Final = {
    "rate-limit": "needs an EnvoyFilter, which the renderer refuses by name",
    "no-cluster": "the renderer refuses a route to a subset that no DestinationRule defines, before anything starts",
}
"""Cases of the record that the local mesh cannot be brought into, and why."""
