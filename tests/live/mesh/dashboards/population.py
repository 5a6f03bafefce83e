"""Which series the mesh has under normal traffic, and so which expressions must be empty, and why.

The series follow from the platform's edges (who calls whom) and from what a STRICT Istio mesh writes about them. An
expression is empty only for a reason of `REASONS`; the live tests find each of them at work.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import promql_parser as promql

NAMESPACE: Final = "titanium-prod"
INGRESS: Final = ("istio-ingressgateway", "istio-ingress")
HTTP_EDGES: Final = frozenset(
    {
        ("istio-ingressgateway", "api-gateway"),
        ("api-gateway", "auth"),
        ("api-gateway", "user"),
        ("api-gateway", "blog"),
        ("auth", "user"),
    }
)
TCP_EDGES: Final = frozenset(
    {
        ("auth", "postgres"),
        ("user", "postgres"),
        ("blog", "postgres"),
        ("api-gateway", "valkey"),
        ("user", "valkey"),
        ("blog", "valkey"),
    }
)

CLIENT_CANNOT_TELL: Final = "a client's proxy does not know how the connection is secured: its policy reads unknown"
STRICT: Final = "the mesh is STRICT: a server's proxy sees mutual TLS and nothing else"
IDENTIFIED: Final = "every HTTP server presents its identity, PostgreSQL and Valkey have none"
NO_SERVER_PROXY: Final = "PostgreSQL and Valkey have no sidecar that reports as destination"
NO_SUCH_TRAFFIC: Final = "this workload or service takes no part in such traffic: direction or protocol"
NO_CONTROL_PLANE: Final = "written by istiod and Istio's agent; a mesh without a control plane has neither"
OLD_UNIT: Final = "Istio's name before 1.5; asked only beside the name of today"
REASONS: Final = frozenset({CLIENT_CANNOT_TELL, STRICT, IDENTIFIED, NO_SERVER_PROXY, NO_SUCH_TRAFFIC, NO_CONTROL_PLANE})

ABSENT_METRICS: Final = {"istio_build": NO_CONTROL_PLANE, "istio_request_duration_seconds_bucket": OLD_UNIT}
"""Metrics that Istio's dashboards name and this mesh does not have: reviewed."""

_HTTP: Final = (
    r"istio_requests_total|istio_(request_duration_milliseconds|request_bytes|response_bytes)_(bucket|sum|count)"
)
_TCP: Final = r"istio_tcp_(sent|received)_bytes_total"

Labels = dict[str, str]


def namespace_of(workload: str) -> str:
    return INGRESS[1] if workload == INGRESS[0] else NAMESPACE


def identity_of(workload: str) -> str:
    return f"spiffe://cluster.local/ns/{namespace_of(workload)}/sa/{workload}"


@cache
def series_of(metric: str) -> tuple[Labels, ...]:
    """Return the labels of a metric's series, as far as they decide whether an expression is empty."""
    if re.fullmatch(_HTTP, metric):
        answered = {"response_code": "200", "request_protocol": "http"}
        known = [{**_sides(*edge), **answered, "destination_principal": identity_of(edge[1])} for edge in HTTP_EDGES]
        return tuple(
            {**labels, "reporter": reporter, "connection_security_policy": policy}
            for labels in known
            for reporter, policy in (("source", "unknown"), ("destination", "mutual_tls"))
        )
    if re.fullmatch(_TCP, metric):
        unknown = {"connection_security_policy": "unknown", "destination_principal": "unknown"}
        return tuple(
            {**_sides(*edge), **unknown, "reporter": "source", "request_protocol": "tcp"} for edge in TCP_EDGES
        )
    return ()


def _sides(source: str, destination: str) -> Labels:
    return {
        "source_workload": source,
        "source_workload_namespace": namespace_of(source),
        "source_cluster": "Kubernetes",
        "destination_workload": destination,
        "destination_workload_namespace": NAMESPACE,
        "destination_cluster": "Kubernetes",
        "destination_service": f"{destination}.{NAMESPACE}.svc.cluster.local",
        "destination_service_name": destination,
        "destination_service_namespace": NAMESPACE,
        "response_flags": "-",
    }


def why_empty(expression: str) -> str | None:
    """Return the reason why an expression must be empty; None when it must not be."""
    return _why(promql.parse(expression))


def _why(node: Any) -> str | None:  # noqa: ANN401 - the parser's nodes have no common type
    match node:
        case promql.VectorSelector():
            return _why_unmatched(str(node.name), node.matchers.matchers)
        case promql.MatrixSelector():
            return _why(node.vector_selector)
        case promql.BinaryExpr():
            left, right = _why(node.lhs), _why(node.rhs)
            # Of an "or" that is empty, the first operand is what was meant; the second names an older metric.
            return (right and left) if str(node.op) == "or" else (left or right)
        case promql.Call():
            return next((why for one in node.args if (why := _why(one))), None)
        case promql.AggregateExpr() | promql.ParenExpr():
            return _why(node.expr)
        case promql.NumberLiteral() | promql.StringLiteral():
            return None
    raise ValueError(f"no dashboard has used this so far: {type(node).__name__}")


def _why_unmatched(metric: str, matchers: list[Any]) -> str | None:
    if metric in ABSENT_METRICS:
        return ABSENT_METRICS[metric]
    if _matching(metric, matchers):
        return None
    for ignored, reason in (
        ({"connection_security_policy"}, ""),
        ({"destination_principal"}, IDENTIFIED),
        ({"reporter"}, NO_SERVER_PROXY),
        ({"reporter", "connection_security_policy"}, NO_SERVER_PROXY),
    ):
        others = _matching(metric, [one for one in matchers if one.name not in ignored])
        if others:
            return reason or (CLIENT_CANNOT_TELL if others[0]["reporter"] == "source" else STRICT)
    return NO_SUCH_TRAFFIC


def _matching(metric: str, matchers: list[Any]) -> list[Labels]:
    return [labels for labels in series_of(metric) if all(_holds(one, labels.get(one.name, "")) for one in matchers)]


def _holds(matcher: Any, value: str) -> bool:  # noqa: ANN401 - the parser is not annotated
    wanted = str(matcher.value)
    match str(matcher.op).removeprefix("MatchOp."):
        case "Equal":
            return value == wanted
        case "NotEqual":
            return value != wanted
        case "Re":
            return re.fullmatch(wanted, value) is not None
        case "NotRe":
            return re.fullmatch(wanted, value) is None
    raise ValueError(f"an unknown operator: {matcher.op}")
