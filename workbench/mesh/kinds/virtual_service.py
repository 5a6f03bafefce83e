"""Istio's VirtualService: how requests to a host are matched, changed, delayed, retried and where they go."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workbench.mesh.kinds.base import Duration, IstioModel, NotRendered, Percent, Port, Resource, UInt32


class StringMatch(IstioModel):
    """`exact`, `prefix` or `regex`; empty means `is present`."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None

    @property
    def is_presence(self) -> bool:
        """True when nothing is compared and presence alone counts."""
        return not (self.exact or self.prefix or self.regex)


class HttpMatch(IstioModel):
    """All conditions of one match; several matches of a route are alternatives."""

    name: str = ""
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[str, StringMatch] = Field(default_factory=dict)
    without_headers: dict[str, StringMatch] = Field(default_factory=dict)
    query_params: dict[str, StringMatch] = Field(default_factory=dict)
    ignore_uri_case: bool = False
    port: int = 0
    source_labels: dict[str, str] = Field(default_factory=dict)
    source_namespace: str = ""
    gateways: list[str] = Field(default_factory=list)
    stat_prefix: NotRendered = None


class HeaderOperations(IstioModel):
    """Headers to set (overwrite), add (append) and remove."""

    set: dict[str, str] = Field(default_factory=dict)
    add: dict[str, str] = Field(default_factory=dict)
    remove: list[str] = Field(default_factory=list)


class Headers(IstioModel):
    """Changes to a request's and a response's headers."""

    request: HeaderOperations = Field(default_factory=HeaderOperations)
    response: HeaderOperations = Field(default_factory=HeaderOperations)


class PortSelector(IstioModel):
    """`{ number: 80 }`."""

    number: Port


class Destination(IstioModel):
    """A service, perhaps a subset and a port of it."""

    host: str
    subset: str = ""
    port: PortSelector | None = None


class WeightedDestination(IstioModel):
    """A destination with its share of the traffic."""

    destination: Destination
    weight: int = 0
    headers: Headers = Field(default_factory=Headers)


class RegexRewrite(IstioModel):
    """A substitution on the whole path."""

    match: str
    rewrite: str


class Rewrite(IstioModel):
    """Changes to path and authority before forwarding."""

    uri: str = ""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None


class Redirect(IstioModel):
    """An answer that sends the client elsewhere; 301 unless told otherwise."""

    uri: str = ""
    authority: str = ""
    scheme: str = ""
    port: UInt32 | None = None
    derive_port: Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"] | None = None
    redirect_code: UInt32 = 0
    prefix_rewrite: str = ""


class DirectBody(IstioModel):
    """The body of a direct response: text, or base64 bytes."""

    string: str | None = None
    bytes: str | None = None


class DirectResponse(IstioModel):
    """An answer by the proxy itself."""

    status: UInt32
    body: DirectBody | None = None


class Retries(IstioModel):
    """How often, how long and on what to try again."""

    attempts: int = 0
    per_try_timeout: Duration | None = None
    retry_on: str = ""
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: Duration | None = None


class Delay(IstioModel):
    """A delay before forwarding; without a percentage it never happens."""

    fixed_delay: Duration | None = None
    percentage: Percent | None = None
    percent: NotRendered = None
    exponential_delay: NotRendered = None


class Abort(IstioModel):
    """A failure instead of forwarding; without a percentage it never happens."""

    http_status: int | None = None
    grpc_status: str | None = None
    percentage: Percent | None = None
    http2_error: NotRendered = None


class Fault(IstioModel):
    """Faults for the requests of one route."""

    delay: Delay | None = None
    abort: Abort | None = None


class CorsPolicy(IstioModel):
    """Who may call from a browser, and with what."""

    allow_origins: list[StringMatch] = Field(default_factory=list)
    allow_methods: list[str] = Field(default_factory=list)
    allow_headers: list[str] = Field(default_factory=list)
    expose_headers: list[str] = Field(default_factory=list)
    max_age: Duration | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: Literal["UNSPECIFIED", "FORWARD", "IGNORE"] = "UNSPECIFIED"
    allow_origin: NotRendered = None


class Mirror(IstioModel):
    """A destination that gets a copy of a share of the requests."""

    destination: Destination
    percentage: Percent | None = None


class Delegate(IstioModel):
    """Another VirtualService that goes on where this route matched."""

    name: str
    namespace: str = ""


class HttpRoute(IstioModel):
    """What happens to the requests that match: forwarded, redirected, answered or delegated."""

    name: str = ""
    match: list[HttpMatch] = Field(default_factory=list)
    route: list[WeightedDestination] = Field(default_factory=list)
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: Rewrite | None = None
    timeout: Duration | None = None
    retries: Retries | None = None
    fault: Fault | None = None
    mirror: Destination | None = None
    mirror_percentage: Percent | None = None
    mirrors: list[Mirror] = Field(default_factory=list)
    cors_policy: CorsPolicy | None = None
    headers: Headers = Field(default_factory=Headers)
    mirror_percent: NotRendered = None


class VirtualServiceSpec(IstioModel):
    """The hosts, where they are served, and the routes in order."""

    hosts: list[str] = Field(default_factory=list)
    gateways: list[str] = Field(default_factory=list)
    http: list[HttpRoute] = Field(default_factory=list)
    tls: NotRendered = None
    tcp: NotRendered = None
    export_to: NotRendered = None


class VirtualService(Resource):
    """How requests to its hosts are treated."""

    kind: Literal["VirtualService"]
    spec: VirtualServiceSpec
