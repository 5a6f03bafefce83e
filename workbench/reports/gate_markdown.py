"""A verdict as Markdown, for a pull request or a job's summary."""

from collections.abc import Mapping
from typing import Any


def render_markdown(document: Mapping[str, Any]) -> str:
    """Return the page of one evidence document."""
    load, bucket = document["load"], document["mesh_p95_ms"]
    mesh = f"{bucket['above']:g} to {bucket['up_to'] or '∞'} ms" if bucket else "unknown"
    lines = [
        f"## Gate: {document['verdict']}",
        "",
        f"{load['rate_rps']:g} requests/s for {load['duration_s']:g} s. "
        f"P95: client {load['latency_ms']['p95']:.1f} ms, mesh {mesh}.",
        "",
        f"| objective | bad / total | bad share ({document['confidence']['level']:.2%} sure) | allowed | verdict |",
        "|---|---:|---:|---:|---|",
        *(_slo(one) for one in document["slos"]),
        "",
        "| precondition | holds | observed | if not |",
        "|---|---|---|---|",
        *(_precondition(one) for one in document["preconditions"]),
        "",
    ]
    return "\n".join(lines)


def _slo(slo: Mapping[str, Any]) -> str:
    interval = slo["interval"]
    return (
        f"| {slo['display_name']} | {slo['bad']} / {slo['total']} | {interval['low']:.2%} to {interval['high']:.2%} "
        f"| {slo['allowance']:.2%} | {slo['verdict']} |"
    )


def _precondition(one: Mapping[str, Any]) -> str:
    remedy = "" if one["holds"] else one["remedy"]
    return f"| {one['name']} | {'yes' if one['holds'] else '**no**'} | {one['observed']} | {remedy} |"
