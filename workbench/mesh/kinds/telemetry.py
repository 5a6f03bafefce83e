"""Istio's Telemetry (access logs and tracing), and the lines of the mesh configuration that it refers to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workbench.mesh.kinds.base import Duration, IstioModel, LabelSelector, NotRendered, Number, Port, Resource


class ProviderRef(IstioModel):
    """The name of a provider: built in (`envoy`) or of the mesh configuration."""

    name: str


class LogFilter(IstioModel):
    """A CEL expression that decides which requests are logged."""

    expression: str


class AccessLogging(IstioModel):
    """Where access logs go."""

    providers: list[ProviderRef] = Field(default_factory=list)
    filter: LogFilter | None = None
    disabled: bool | None = None
    match: NotRendered = None


class LiteralTag(IstioModel):
    """A constant."""

    value: str


class HeaderTag(IstioModel):
    """A request header's value."""

    name: str
    default_value: str = ""


class CustomTag(IstioModel):
    """A tag of each span."""

    literal: LiteralTag | None = None
    header: HeaderTag | None = None
    environment: NotRendered = None
    formatter: NotRendered = None


class Tracing(IstioModel):
    """Where spans go, and how many of a hundred."""

    providers: list[ProviderRef] = Field(default_factory=list)
    random_sampling_percentage: Number | None = None
    custom_tags: dict[str, CustomTag] = Field(default_factory=dict)
    match: NotRendered = None
    disable_span_reporting: NotRendered = None
    use_request_id_for_trace_sampling: NotRendered = None
    enable_istio_tags: NotRendered = None


class TelemetrySpec(IstioModel):
    """Access logs and traces of the selected workloads."""

    selector: LabelSelector | None = None
    access_logging: list[AccessLogging] = Field(default_factory=list)
    tracing: list[Tracing] = Field(default_factory=list)
    metrics: NotRendered = None
    target_ref: NotRendered = None
    target_refs: NotRendered = None


class Telemetry(Resource):
    """What the proxies of the selected workloads report."""

    kind: Literal["Telemetry"]
    spec: TelemetrySpec = Field(default_factory=TelemetrySpec)


class LogFormat(IstioModel):
    """The fields of a JSON access log, or one line of text."""

    labels: dict[str, str] = Field(default_factory=dict)
    text: str = ""


class FileAccessLog(IstioModel):
    """Envoy's access log to a file."""

    path: str = "/dev/stdout"
    log_format: LogFormat | None = None
    omit_empty_values: NotRendered = None


class HttpExport(IstioModel):
    """OTLP over HTTP: the path, and how long a proxy waits for the answer."""

    path: str = ""
    timeout: Duration | None = None
    headers: NotRendered = None


class OpenTelemetryTracing(IstioModel):
    """A service that receives OTLP over gRPC, or with `http` over HTTP."""

    service: str
    port: Port
    max_tag_length: NotRendered = None
    http: HttpExport | None = None
    resource_detectors: NotRendered = None
    dynatrace_sampler: NotRendered = None
    grpc: NotRendered = None
    service_attribute_enrichment: NotRendered = None


class ExtensionProvider(IstioModel):
    """A named provider; exactly one kind of it."""

    name: str
    envoy_file_access_log: FileAccessLog | None = None
    opentelemetry: OpenTelemetryTracing | None = None


class MeshConfig(IstioModel):
    """The lines of the mesh configuration that change what is rendered."""

    access_log_encoding: Literal["TEXT", "JSON"] = "TEXT"
    extension_providers: list[ExtensionProvider] = Field(default_factory=list)

    def provider(self, name: str) -> ExtensionProvider | None:
        """Return the named provider, or None."""
        return next((one for one in self.extension_providers if one.name == name), None)
