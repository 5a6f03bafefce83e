"""Istio's metric labels, in Istio's order, as expressions that Envoy's stats access logger evaluates.

A proxy's own side is known when its configuration is written, so it stands there as text. The server's side at the
client comes from endpoint metadata, the client's side at the server from its certificate. Istio's peers tell each other
the rest (metadata exchange); upstream Envoy cannot, so that version, revision and cluster of the client are looked up
by its identity in the registry: what Istio would show, as long as one version runs under that identity. Where several
do, they read `unknown`, and workload, app and canonical service are the service account's name. Local convention.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workbench.mesh.model import Json, Workload

CLUSTER_ID: Final = "Kubernetes"
"""Istio's name of the only cluster of a mesh."""

UNKNOWN: Final = "unknown"

LABELS: Final = (
    "reporter",
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service_name",
    "destination_service_namespace",
    "destination_cluster",
    "request_protocol",
    "response_code",
    "grpc_response_status",
    "response_flags",
    "connection_security_policy",
)
"""All labels of an HTTP metric, in Istio's order."""

HTTP_ONLY: Final = frozenset({"response_code", "grpc_response_status"})
"""Labels that Istio's TCP metrics do not have."""

CONNECTION_LABELS: Final = tuple(name for name in LABELS if name not in HTTP_ONLY)
"""All labels of a TCP metric, in Istio's order."""

LOCAL_METADATA: Final = "titanium"
"""The namespace of endpoint and cluster metadata with labels one by one (Istio packs them into a string and a list)."""

_ATTRIBUTES: Final[dict[str, Callable[[Workload], str]]] = {
    "workload": lambda w: w.name,
    "canonical_service": lambda w: w.canonical_service,
    "canonical_revision": lambda w: w.canonical_revision,
    "workload_namespace": lambda w: w.namespace,
    "app": lambda w: w.labels.get("app", UNKNOWN),
    "version": lambda w: w.labels.get("version", UNKNOWN),
    "cluster": lambda _: CLUSTER_ID,
}
_NAMED_BY_ACCOUNT: Final = frozenset({"workload", "canonical_service", "app"})

_PEER: Final = "connection.uri_san_peer_certificate"
_HAS_ENDPOINT: Final = (
    f"has(xds.upstream_host_metadata) && has(xds.upstream_host_metadata.filter_metadata.{LOCAL_METADATA})"
)
_SERVICE: Final = "xds.cluster_metadata.filter_metadata.istio.services[0]"
_HAS_SERVICE: Final = "has(xds.cluster_metadata) && has(xds.cluster_metadata.filter_metadata.istio)"
_IS_GRPC: Final = "'content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc')"


def attributes(workload: Workload) -> dict[str, str]:
    """Return what a workload's side of the labels reads, without `source_` or `destination_`."""
    return {name: read(workload) for name, read in _ATTRIBUTES.items()}


def source_tags(workload: Workload, *, tcp: bool = False) -> list[Json]:
    """Return the labels as the client's proxy writes them."""
    return _tags(
        {
            "reporter": "source",
            **_own("source", workload),
            "source_principal": _cel_or_unknown("upstream.uri_san_local_certificate"),
            **{f"destination_{name}": _endpoint(name) for name in _ATTRIBUTES},
            "destination_principal": _cel_or_unknown("upstream.uri_san_peer_certificate"),
            "destination_service": _cel(f"{_HAS_SERVICE} ? {_SERVICE}.host : '{UNKNOWN}'"),
            "destination_service_name": _cel(
                f"{_HAS_SERVICE} ? {_SERVICE}.name : has(xds.cluster_name) ? xds.cluster_name : '{UNKNOWN}'"
            ),
            "destination_service_namespace": _cel(f"{_HAS_SERVICE} ? {_SERVICE}.namespace : '{UNKNOWN}'"),
            # Istio's client does not say how the connection is secured; only the server knows.
            "connection_security_policy": UNKNOWN,
            "request_protocol": "tcp" if tcp else _cel(f"{_IS_GRPC} ? 'grpc' : 'http'"),
        },
        tcp=tcp,
    )


IS_USUAL: Final = f"has(upstream.uri_san_peer_certificate) && !({_IS_GRPC})"
"""Whether `usual_source_tags` tell the truth: a server has presented its certificate, and it is not gRPC."""


def usual_source_tags(workload: Workload) -> list[Json]:
    """Return the same labels for requests of which `IS_USUAL` holds, without an expression: those cost CPU.

    With a server at the other end, all of its metadata is there, and nothing can read `unknown`.
    """
    return _tags(
        {
            "reporter": "source",
            **_own("source", workload),
            "source_principal": "%UPSTREAM_LOCAL_URI_SAN%",
            **{f"destination_{name}": f"%METADATA(UPSTREAM_HOST:{LOCAL_METADATA}:{name})%" for name in _ATTRIBUTES},
            "destination_principal": "%UPSTREAM_PEER_URI_SAN%",
            "destination_service": f"%METADATA(CLUSTER:{LOCAL_METADATA}:host)%",
            "destination_service_name": f"%METADATA(CLUSTER:{LOCAL_METADATA}:name)%",
            "destination_service_namespace": f"%METADATA(CLUSTER:{LOCAL_METADATA}:namespace)%",
            "connection_security_policy": UNKNOWN,
            "request_protocol": "http",
        },
        tcp=False,
    )


def open_connection_labels(client: Workload, service: Json, servers: Iterable[Workload]) -> dict[str, str]:
    """Return the labels of a client's plaintext connections to a service, known before one is made.

    `service` is the cluster metadata's entry (host, name, namespace), `servers` are the workloads behind it: what they
    do not have in common reads `unknown`.
    """
    sides = [attributes(server) for server in servers]
    return {
        "reporter": "source",
        **_own("source", client),
        "source_principal": UNKNOWN,
        **{f"destination_{name}": _common(side[name] for side in sides) for name in _ATTRIBUTES},
        "destination_principal": UNKNOWN,
        "destination_service": str(service["host"]),
        "destination_service_name": str(service["name"]),
        "destination_service_namespace": str(service["namespace"]),
        "request_protocol": "tcp",
        "response_flags": "-",
        "connection_security_policy": UNKNOWN,
    }


def destination_tags(workload: Workload, service: Json) -> list[Json]:
    """Return the labels as the server's proxy writes them; `caller_labels` must have been kept before.

    `service` is the cluster metadata's entry (host, name, namespace).
    """
    return _tags(
        {
            "reporter": "destination",
            **_own("destination", workload),
            "destination_service": str(service["host"]),
            "destination_service_name": str(service["name"]),
            "destination_service_namespace": str(service["namespace"]),
            **{label: f"%FILTER_STATE({state_key(label)}:PLAIN)%" for label in CALLER_LABELS},
        },
        tcp=False,
    )


CALLER_LABELS: Final = (
    *(f"source_{name}" for name in _ATTRIBUTES),
    "source_principal",
    "destination_principal",
    "request_protocol",
    "connection_security_policy",
)
"""What the server's proxy learns from the connection and the request."""


def state_key(label: str) -> str:
    """Return where the value of a label is kept while a request is served."""
    return f"titanium.label.{label}"


def caller_labels(peers: Iterable[Workload]) -> dict[str, str]:
    """Return how the values of `CALLER_LABELS` are found, once a request; four metrics then use them.

    `peers` are all workloads with an identity.
    """
    callers = list(peers)
    return {
        **{f"source_{name}": _caller(name, callers) for name in _ATTRIBUTES if name != "workload_namespace"},
        "source_workload_namespace": _cel(_from_certificate(".*/ns/([^/]*)/.*")),
        "source_principal": _cel_or_unknown(_PEER),
        "destination_principal": _cel_or_unknown("connection.uri_san_local_certificate"),
        "request_protocol": _cel(f"{_IS_GRPC} ? 'grpc' : 'http'"),
        "connection_security_policy": _cel("connection.mtls ? 'mutual_tls' : 'none'"),
    }


def _tags(values: dict[str, str], *, tcp: bool) -> list[Json]:
    request = {
        "response_code": "%RESPONSE_CODE%",
        "grpc_response_status": "%GRPC_STATUS_NUMBER%",
        "response_flags": "%RESPONSE_FLAGS%",
    }
    known = {**values, **request}
    return [{"name": name, "value_format": known[name]} for name in (CONNECTION_LABELS if tcp else LABELS)]


def _own(side: str, workload: Workload) -> dict[str, str]:
    return {f"{side}_{name}": value for name, value in attributes(workload).items()}


def _common(values: Iterable[str]) -> str:
    found = set(values)
    return found.pop() if len(found) == 1 else UNKNOWN


def _endpoint(name: str) -> str:
    value = f"xds.upstream_host_metadata.filter_metadata.{LOCAL_METADATA}.{name}"
    return _cel(f"{_HAS_ENDPOINT} ? {value} : '{UNKNOWN}'")


def _caller(name: str, callers: list[Workload]) -> str:
    """Group the identities by what they would read, so that the expression stays short."""
    fallback = _from_certificate(".*/sa/([^/]*)$") if name in _NAMED_BY_ACCOUNT else f"'{UNKNOWN}'"
    read = _ATTRIBUTES[name]
    by_identity: dict[str, set[str]] = defaultdict(set)
    for caller in callers:
        by_identity[caller.principal].add(read(caller))
    by_value: dict[str, list[str]] = defaultdict(list)
    for principal, values in sorted(by_identity.items()):
        if len(values) == 1:
            by_value[next(iter(values))].append(principal)
    known = "".join(f"{_PEER} in [{_quoted(who)}] ? '{value}' : " for value, who in sorted(by_value.items()))
    return _cel(f"connection.mtls ? ({known}{fallback}) : '{UNKNOWN}'")


def _from_certificate(pattern: str) -> str:
    return f"connection.mtls ? re.extract({_PEER}, '{pattern}', r'\\1') : '{UNKNOWN}'"


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _cel(expression: str) -> str:
    return f"%CEL({expression})%"


def _cel_or_unknown(attribute: str) -> str:
    return _cel(f"has({attribute}) ? {attribute} : '{UNKNOWN}'")
