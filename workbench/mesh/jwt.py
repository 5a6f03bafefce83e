"""Request authentication: Envoy's jwt_authn filter for the issuers that a workload believes.

A request without a token passes, one with a bad token is answered with 401. Whether a token is required is a matter of
authorization (`requestPrincipals`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import extension, given
from workbench.mesh.errors import unsupported
from workbench.mesh.policies import applying

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.kinds.security import JwtRule
    from workbench.mesh.model import Json

JWT_FILTER = "envoy.filters.http.jwt_authn"
PAYLOAD = "payload"
"""The key under which the filter leaves the token's claims for the authorization filter."""

_PROVIDER = "origins-0"


def jwt_filters(context: Context) -> list[Json]:
    """Return the filter for the proxy's workload, or nothing when it believes no issuer."""
    policies = applying(context.resources.request_authentications, context.proxy.workload)
    found = [(policy, rule) for policy in policies for rule in policy.spec.jwt_rules]
    if not found:
        return []
    if len(found) > 1:
        raise unsupported(found[1][0], "spec.jwtRules", "more than one issuer for a workload is not supported here")
    policy, rule = found[0]
    if not rule.jwks:
        raise unsupported(policy, "spec.jwtRules[0].jwksUri", "keys are not fetched here; put them into jwks")
    requirements = [{"provider_name": _PROVIDER}, {"allow_missing": {}}]
    return [
        extension(
            JWT_FILTER,
            "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            providers={_PROVIDER: _provider(rule)},
            rules=[{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": requirements}}}],
            bypass_cors_preflight=True,
        )
    ]


def _provider(rule: JwtRule) -> Json:
    return given(
        issuer=rule.issuer,
        audiences=rule.audiences,
        local_jwks={"inline_string": rule.jwks},
        forward=rule.forward_original_token or None,
        forward_payload_header=rule.output_payload_to_header,
        claim_to_headers=[{"header_name": one.header, "claim_name": one.claim} for one in rule.output_claim_to_headers],
        from_headers=[given(name=one.name, value_prefix=one.prefix) for one in rule.from_headers],
        from_params=rule.from_params,
        from_cookies=rule.from_cookies,
        payload_in_metadata=PAYLOAD,
        normalize_payload_in_metadata={"space_delimited_claims": ["permission", "scope"]},
    )
