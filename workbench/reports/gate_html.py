"""A verdict as one self-contained page: opens from a file, loads nothing, runs no script.

Everything comes from the evidence document, so that a page can be made again from `gate.json` alone.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from workbench.reports.page import STYLE, table
from workbench.reports.svg import Bin, Line, histogram, interval, lines


def render_html(document: Mapping[str, Any]) -> str:
    """Return the page of one evidence document."""
    load, verdict = document["load"], document["verdict"]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{verdict}: {escape(load['run_id'])}</title><style>{STYLE}</style></head><body>",
            f"<h1>Gate: {escape(load['run_id'])}</h1>",
            f'<p class="verdict {verdict}">{verdict}</p>',
            f"<p>{_reason(document)}</p>",
            f'<p class="soft">{_run(document)}</p>',
            *(_objective(one, document["confidence"]["level"]) for one in document["slos"]),
            "<h2>Latency, as the client measured it</h2>",
            f'<div class="card">{_latencies(document)}</div>',
            "<h2>Offered and sent</h2>",
            f'<div class="card">{_rate(document)}</div>',
            *_hops(document),
            "<h2>Can the figures be trusted?</h2>",
            table(("precondition", "holds", "observed", "if not"), map(_precondition, document["preconditions"])),
            *_failures(load),
            "<h2>What it rests on</h2>",
            table(("", ""), ((escape(k), escape(str(v))) for k, v in _facts(document))),
            "</body></html>\n",
        ]
    )


def _reason(document: Mapping[str, Any]) -> str:
    """Return the verdict's reason in one sentence."""
    doubts = [one["name"] for one in document["preconditions"] if not one["holds"]]
    if doubts:
        return "These figures decide nothing, because this does not hold: " + escape("; ".join(doubts)) + "."
    broken = [one["display_name"] for one in document["slos"] if one["verdict"] == "FAIL"]
    if broken:
        return "Missed, beyond what chance explains: " + escape("; ".join(broken)) + "."
    undecided = [one["display_name"] for one in document["slos"] if one["verdict"] != "PASS"]
    if undecided:
        return "More requests are needed to decide: " + escape("; ".join(undecided)) + "."
    return "Every objective is met, beyond what chance explains, and every precondition holds."


def _run(document: Mapping[str, Any]) -> str:
    load, bucket = document["load"], document["mesh_p95_ms"]
    mesh = f"between {bucket['above']:g} and {bucket['up_to'] or '∞'} ms" if bucket else "unknown"
    return escape(
        f"{load['rate_rps']:g} requests/s for {load['duration_s']:g} s against {load['target']}: "
        f"{load['offered']} offered, {load['completed']} completed, {load['failed']} failed, "
        f"{load['dropped']} never sent. P95: client {load['latency_ms']['p95']:.1f} ms, mesh {mesh}."
    )


def _objective(slo: Mapping[str, Any], level: float) -> str:
    low, high = slo["interval"]["low"], slo["interval"]["high"]
    share = slo["bad"] / slo["total"] if slo["total"] else 0.0
    return (
        f'<div class="card"><p><b class="{slo["verdict"]}">{slo["verdict"]}</b> {escape(slo["display_name"])} '
        f"<small>objective {escape(slo['objective'])}, {escape(slo['name'])}</small></p>"
        f"<p>{slo['bad']} of {slo['total']} bad; the true share lies between {low:.2%} and {high:.2%} "
        f"({level:.2%} sure), "
        f"{slo['allowance']:.2%} is allowed.</p>{interval(low, high, share, slo['allowance'])}</div>"
    )


def _latencies(document: Mapping[str, Any]) -> str:
    latency = document["load"]["latency_ms"]
    limits = [one["threshold_ms"] for one in document["slos"] if one["threshold_ms"]]
    bins = [Bin(one["up_to_ms"], one["count"]) for one in document["client_latency_histogram"]]
    marks = [(f"P{name[1:]} {latency[name]:.0f} ms", latency[name]) for name in ("p50", "p95", "p99")]
    return histogram(bins, limit_ms=min(limits, default=None), marks=[one for one in marks if one[1] > 0])


def _rate(document: Mapping[str, Any]) -> str:
    """Return the plot of requests by second: what was sent beside what the plan asked for, and what failed."""
    seconds, rate = document["client_seconds"], document["load"]["rate_rps"]
    start = document["window"]["start"]
    return lines(
        [
            Line(f"sent ({rate:g} asked for)", [(start + one["second"], one["sent"]) for one in seconds], "sent"),
            Line("failed", [(start + one["second"], one["failed"]) for one in seconds], "failed"),
        ],
        unit="requests/s",
        limit=rate,
    )


def _hops(document: Mapping[str, Any]) -> list[str]:
    if not document["hops"]:
        return []
    rows = [
        (f"{escape(one['source'])} → {escape(one['destination'])}", f"{one['requests']}", f"{one['mean_ms']:.1f} ms")
        for one in sorted(document["hops"], key=lambda one: one["mean_ms"] * one["requests"], reverse=True)
    ]
    return [
        "<h2>Where the time goes</h2>",
        '<p class="soft">Mean duration at the receiver\'s sidecar; a call contains the calls it makes.</p>',
        table(("call", "requests", "mean"), rows),
    ]


def _precondition(one: Mapping[str, Any]) -> tuple[str, ...]:
    holds = "yes" if one["holds"] else '<b class="INCONCLUSIVE">no</b>'
    return (escape(one["name"]), holds, escape(one["observed"]), "" if one["holds"] else escape(one["remedy"]))


def _failures(load: Mapping[str, Any]) -> list[str]:
    if not load["failures"]:
        return []
    rows = ((escape(reason), str(count)) for reason, count in load["failures"].items())
    return ["<h2>Failures, as the client saw them</h2>", table(("reason", "requests"), rows)]


def _facts(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    slos = [(f"SLO {one['name']}", f"{one['file']}, SHA-256 {one['sha256']}") for one in document["slos"]]
    queries = [("query", query) for query in document["queries"]]
    return [("machine", document["machine"]), *document["versions"].items(), *slos, *queries]
