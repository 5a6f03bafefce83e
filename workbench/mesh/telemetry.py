"""Access logs and tracing of a proxy's filter chains, from Telemetry objects and the mesh configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workbench.mesh.clusters import outbound_name
from workbench.mesh.envoy import extension, given, optional_duration
from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.policies import nearest

if TYPE_CHECKING:
    from workbench.mesh.context import Context
    from workbench.mesh.kinds.telemetry import AccessLogging, CustomTag, OpenTelemetryTracing, Telemetry, Tracing
    from workbench.mesh.model import Json

_BUILT_IN = "envoy"
_STDOUT = "/dev/stdout"
_FULL_SAMPLING = 100
_DEFAULT_RANDOM_SAMPLING = 1

JSON_FIELDS = {
    "authority": "%REQ(:AUTHORITY)%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "duration": "%DURATION%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "response_code": "%RESPONSE_CODE%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "response_flags": "%RESPONSE_FLAGS%",
    "route_name": "%ROUTE_NAME%",
    "start_time": "%START_TIME%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "user_agent": "%REQ(USER-AGENT)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
}
"""Istio's JSON access log: its keys, and Envoy's operators behind them."""

_TEXT_LINE = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
)

_DRY_RUN_TAGS = (
    ("istio.authorization.dry_run.allow_policy.name", "istio_dry_run_allow_shadow_effective_policy_id"),
    ("istio.authorization.dry_run.allow_policy.result", "istio_dry_run_allow_shadow_engine_result"),
    ("istio.authorization.dry_run.deny_policy.name", "istio_dry_run_deny_shadow_effective_policy_id"),
    ("istio.authorization.dry_run.deny_policy.result", "istio_dry_run_deny_shadow_engine_result"),
)


def access_logs(context: Context, *, no_route_only: bool = False) -> list[Json]:
    """Return the access loggers of a filter chain; of a listener itself only for connections that no chain took."""
    policy = _nearest_with(context, "access_logging")
    if policy is None:
        return []
    return [
        _logger(context, policy, logging, provider.name, no_route_only=no_route_only)
        for logging in policy.spec.access_logging
        if not logging.disabled
        for provider in logging.providers
    ]


def tracing(context: Context) -> Json | None:
    """Return a connection manager's tracing; None when a Telemetry object without a provider switches it off."""
    policy = _nearest_with(context, "tracing")
    if policy is None:
        return _tracing(_DEFAULT_RANDOM_SAMPLING, _own_tags(context))
    if len(policy.spec.tracing) > 1 or len(policy.spec.tracing[0].providers) > 1:
        raise unsupported(policy, "spec.tracing", "more than one tracing provider is not supported here")
    settings = policy.spec.tracing[0]
    if not settings.providers:
        return None
    sampling = settings.random_sampling_percentage
    tags = _own_tags(context) + [_custom_tag(name, tag) for name, tag in settings.custom_tags.items()]
    return {
        **_tracing(_DEFAULT_RANDOM_SAMPLING if sampling is None else sampling, tags),
        "provider": _provider(context, policy, settings),
    }


def _nearest_with(context: Context, section: Literal["access_logging", "tracing"]) -> Telemetry | None:
    found = [
        policy
        for level in nearest(context.resources.telemetries, context.proxy.workload)
        for policy in level
        if getattr(policy.spec, section)
    ]
    if len(found) > 1:
        raise unsupported(found[1], "spec", f"{found[0]} already applies; merging of Telemetry is not supported here")
    return found[0] if found else None


def _logger(context: Context, policy: Telemetry, logging: AccessLogging, name: str, *, no_route_only: bool) -> Json:
    path, line = _destination(context, policy, name)
    conditions: list[Json] = [{"response_flag_filter": {"flags": ["NR"]}}] if no_route_only else []
    if logging.filter:
        conditions.append(
            {
                "extension_filter": extension(
                    "envoy.access_loggers.extension_filters.cel",
                    "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                    expression=logging.filter.expression,
                )
            }
        )
    both = {"and_filter": {"filters": conditions}} if len(conditions) > 1 else None
    return {
        **extension(
            "envoy.access_loggers.file",
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            path=path,
            log_format=line,
        ),
        **given(filter=both or (conditions[0] if conditions else None)),
    }


def _destination(context: Context, policy: Telemetry, name: str) -> tuple[str, Json]:
    if name == _BUILT_IN:
        is_json = context.mesh.access_log_encoding == "JSON"
        return _STDOUT, _json_line(JSON_FIELDS) if is_json else _text_line(_TEXT_LINE)
    provider = context.mesh.provider(name)
    if provider is None or provider.envoy_file_access_log is None:
        raise invalid(policy, "spec.accessLogging", f"the mesh configuration has no access log provider {name!r}")
    log = provider.envoy_file_access_log
    if log.log_format is None:
        return log.path, _text_line(_TEXT_LINE)
    if log.log_format.labels:
        return log.path, _json_line(log.log_format.labels)
    return log.path, _text_line(log.log_format.text.rstrip("\n") + "\n")


def _json_line(fields: dict[str, str]) -> Json:
    return {"json_format": fields, "json_format_options": {}}


def _text_line(line: str) -> Json:
    return {"text_format_source": {"inline_string": line}}


def _tracing(sampling: float, tags: list[Json]) -> Json:
    return {
        "client_sampling": {"value": _FULL_SAMPLING},
        "random_sampling": {"value": sampling},
        "overall_sampling": {"value": _FULL_SAMPLING},
        "custom_tags": sorted(tags, key=lambda tag: str(tag["tag"])),
    }


def _own_tags(context: Context) -> list[Json]:
    workload = context.proxy.workload
    literals = {
        "istio.canonical_revision": workload.canonical_revision,
        "istio.canonical_service": workload.canonical_service,
        "istio.cluster_id": "Kubernetes",
        "istio.mesh_id": "cluster.local",
        "istio.namespace": workload.namespace,
    }
    return [
        {
            "tag": tag,
            "metadata": {
                "kind": {"request": {}},
                "metadata_key": {"key": "envoy.filters.http.rbac", "path": [{"key": key}]},
            },
        }
        for tag, key in _DRY_RUN_TAGS
    ] + [{"tag": tag, "literal": {"value": value}} for tag, value in literals.items()]


def _custom_tag(name: str, tag: CustomTag) -> Json:
    if tag.literal:
        return {"tag": name, "literal": {"value": tag.literal.value}}
    header = given(name=tag.header.name, default_value=tag.header.default_value) if tag.header else {}
    return {"tag": name, "request_header": header}


def _provider(context: Context, policy: Telemetry, settings: Tracing) -> Json:
    name = settings.providers[0].name
    provider = context.mesh.provider(name)
    if provider is None or provider.opentelemetry is None:
        raise invalid(
            policy, "spec.tracing[0].providers[0]", f"the mesh configuration has no tracing provider {name!r}"
        )
    return _opentelemetry(context, provider.opentelemetry)


def _opentelemetry(context: Context, settings: OpenTelemetryTracing) -> Json:
    workload = context.proxy.workload
    return extension(
        "envoy.tracers.opentelemetry",
        "envoy.config.trace.v3.OpenTelemetryConfig",
        **_exporter(settings, outbound_name(settings.port, "", settings.service)),
        service_name=f"{workload.canonical_service}.{workload.namespace}",
    )


def _exporter(settings: OpenTelemetryTracing, cluster: str) -> Json:
    if settings.http is None:
        return {"grpc_service": {"envoy_grpc": {"cluster_name": cluster, "authority": settings.service}}}
    # As Istio joins them: host and path, without a scheme.
    uri = f"{settings.service}/{settings.http.path.lstrip('/')}"
    timeout = optional_duration(settings.http.timeout)
    return {"http_service": {"http_uri": {"uri": uri, "cluster": cluster, **given(timeout=timeout)}}}
