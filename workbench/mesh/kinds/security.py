"""Istio's security kinds: who must use mutual TLS, who may call what, and whose tokens are believed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from workbench.mesh.kinds.base import IstioModel, LabelSelector, NotRendered, Resource


class MutualTls(IstioModel):
    """A mode; UNSET inherits from the level above."""

    mode: Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"] = "UNSET"


def _port_keys(value: object) -> object:
    """Turn port numbers into integers: YAML writes them as such, JSON (and kustomize) as strings."""
    if not isinstance(value, dict):
        return value
    return {int(key) if isinstance(key, str) and key.isdigit() else key: mode for key, mode in value.items()}


class PeerAuthenticationSpec(IstioModel):
    """The mode, and exceptions for ports of the workload."""

    selector: LabelSelector | None = None
    mtls: MutualTls = Field(default_factory=MutualTls)
    port_level_mtls: Annotated[dict[int, MutualTls], BeforeValidator(_port_keys)] = Field(default_factory=dict)


class PeerAuthentication(Resource):
    """What a server accepts: mutual TLS, plain text, or both."""

    kind: Literal["PeerAuthentication"]
    spec: PeerAuthenticationSpec = Field(default_factory=PeerAuthenticationSpec)


class Source(IstioModel):
    """Where a request comes from; all fields must hold, the values of one field are alternatives."""

    principals: list[str] = Field(default_factory=list)
    not_principals: list[str] = Field(default_factory=list)
    request_principals: list[str] = Field(default_factory=list)
    not_request_principals: list[str] = Field(default_factory=list)
    namespaces: list[str] = Field(default_factory=list)
    not_namespaces: list[str] = Field(default_factory=list)
    ip_blocks: list[str] = Field(default_factory=list)
    not_ip_blocks: list[str] = Field(default_factory=list)
    remote_ip_blocks: list[str] = Field(default_factory=list)
    not_remote_ip_blocks: list[str] = Field(default_factory=list)
    service_accounts: NotRendered = None
    not_service_accounts: NotRendered = None


class Operation(IstioModel):
    """What is asked for; all fields must hold, the values of one field are alternatives."""

    hosts: list[str] = Field(default_factory=list)
    not_hosts: list[str] = Field(default_factory=list)
    methods: list[str] = Field(default_factory=list)
    not_methods: list[str] = Field(default_factory=list)
    paths: list[str] = Field(default_factory=list)
    not_paths: list[str] = Field(default_factory=list)
    ports: list[str] = Field(default_factory=list)
    not_ports: list[str] = Field(default_factory=list)


class From(IstioModel):
    """One alternative of where."""

    source: Source = Field(default_factory=Source)


class To(IstioModel):
    """One alternative of what."""

    operation: Operation = Field(default_factory=Operation)


class Condition(IstioModel):
    """An attribute that must have one of the values, and none of the others."""

    key: str
    values: list[str] = Field(default_factory=list)
    not_values: list[str] = Field(default_factory=list)


class Rule(IstioModel):
    """From one of, to one of, when all of."""

    from_: list[From] = Field(default_factory=list, alias="from")
    to: list[To] = Field(default_factory=list)
    when: list[Condition] = Field(default_factory=list)


class AuthorizationPolicySpec(IstioModel):
    """The action for requests that match a rule; ALLOW without rules allows nothing."""

    selector: LabelSelector | None = None
    action: Literal["ALLOW", "DENY", "AUDIT", "CUSTOM"] = "ALLOW"
    rules: list[Rule] = Field(default_factory=list)
    provider: NotRendered = None
    target_ref: NotRendered = None
    target_refs: NotRendered = None


class AuthorizationPolicy(Resource):
    """Who may call a workload."""

    kind: Literal["AuthorizationPolicy"]
    spec: AuthorizationPolicySpec = Field(default_factory=AuthorizationPolicySpec)


class JwtHeader(IstioModel):
    """A header that may hold the token, after a prefix."""

    name: str
    prefix: str = ""


class ClaimToHeader(IstioModel):
    """A claim that is handed to the application."""

    header: str
    claim: str


class JwtRule(IstioModel):
    """An issuer whose tokens are believed, with its keys in the rule itself."""

    issuer: str
    audiences: list[str] = Field(default_factory=list)
    jwks: str = ""
    jwks_uri: str = ""
    from_headers: list[JwtHeader] = Field(default_factory=list)
    from_params: list[str] = Field(default_factory=list)
    from_cookies: list[str] = Field(default_factory=list)
    output_payload_to_header: str = ""
    output_claim_to_headers: list[ClaimToHeader] = Field(default_factory=list)
    forward_original_token: bool = False
    space_delimited_claims: NotRendered = None
    timeout: NotRendered = None


class RequestAuthenticationSpec(IstioModel):
    """The issuers."""

    selector: LabelSelector | None = None
    jwt_rules: list[JwtRule] = Field(default_factory=list)
    target_ref: NotRendered = None
    target_refs: NotRendered = None


class RequestAuthentication(Resource):
    """Whose tokens a workload believes; a request without a token passes."""

    kind: Literal["RequestAuthentication"]
    spec: RequestAuthenticationSpec = Field(default_factory=RequestAuthenticationSpec)
