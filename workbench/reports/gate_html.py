"""A verdict as one self-contained page: opens from a file, loads nothing, runs no script.

Everything comes from the evidence document, so that a page can be made again from `gate.json` alone.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from workbench.reports.svg import Bin, histogram, interval

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #fff; --card: #f5f7fa; --line: #c9d1db;
  --good: #1a7f4b; --bad: #c62f3b; --open: #b06a00; --bar: #4a7bd0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --paper: #12161c; --card: #1b212a;
  --line: #3a4452; --good: #4cc38a; --bad: #ff6b76; --open: #f0b04a; --bar: #7aa5ee; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 56rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.verdict { font-size: 2.2rem; font-weight: 700; margin: .2rem 0; }
.PASS { color: var(--good); } .FAIL { color: var(--bad); } .INCONCLUSIVE { color: var(--open); }
.card { background: var(--card); border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0; }
.soft, small { color: var(--soft); } p { margin: .3rem 0; }
svg { width: 100%; height: auto; display: block; } text { font-size: 12px; fill: var(--soft);
  paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.axis { stroke: var(--line); } .bar { fill: var(--bar); } .slow { fill: var(--bad); } .allowed { fill: var(--good);
  opacity: .18; } .interval { fill: var(--bar); } .point { fill: var(--ink); } line.limit { stroke: var(--bad);
  stroke-width: 2; } text.limit { fill: var(--bad); font-weight: 600; } line.mark { stroke: var(--soft);
  stroke-dasharray: 3 3; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { text-align: left;
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; } code { font-size: .85em; overflow-wrap: anywhere; }
"""


def render_html(document: Mapping[str, Any]) -> str:
    """Return the page of one evidence document."""
    load, verdict = document["load"], document["verdict"]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{verdict}: {escape(load['run_id'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Gate: {escape(load['run_id'])}</h1>",
            f'<p class="verdict {verdict}">{verdict}</p>',
            f"<p>{_reason(document)}</p>",
            f'<p class="soft">{_run(document)}</p>',
            *(_objective(one) for one in document["slos"]),
            "<h2>Latency, as the client measured it</h2>",
            f'<div class="card">{_latencies(document)}</div>',
            "<h2>Can the figures be trusted?</h2>",
            _table(("precondition", "holds", "observed", "if not"), map(_precondition, document["preconditions"])),
            *_failures(load),
            "<h2>What it rests on</h2>",
            _table(("", ""), ((escape(k), escape(str(v))) for k, v in _facts(document))),
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


def _objective(slo: Mapping[str, Any]) -> str:
    low, high = slo["interval_95"]["low"], slo["interval_95"]["high"]
    share = slo["bad"] / slo["total"] if slo["total"] else 0.0
    return (
        f'<div class="card"><p><b class="{slo["verdict"]}">{slo["verdict"]}</b> {escape(slo["display_name"])} '
        f"<small>objective {escape(slo['objective'])}, {escape(slo['name'])}</small></p>"
        f"<p>{slo['bad']} of {slo['total']} bad; the true share lies between {low:.2%} and {high:.2%} (95 %), "
        f"{slo['allowance']:.2%} is allowed.</p>{interval(low, high, share, slo['allowance'])}</div>"
    )


def _latencies(document: Mapping[str, Any]) -> str:
    latency = document["load"]["latency_ms"]
    limits = [one["threshold_ms"] for one in document["slos"] if one["threshold_ms"]]
    bins = [Bin(one["up_to_ms"], one["count"]) for one in document["client_latency_histogram"]]
    marks = [(f"P{name[1:]} {latency[name]:.0f} ms", latency[name]) for name in ("p50", "p95", "p99")]
    return histogram(bins, limit_ms=min(limits, default=None), marks=[one for one in marks if one[1] > 0])


def _precondition(one: Mapping[str, Any]) -> tuple[str, ...]:
    holds = "yes" if one["holds"] else '<b class="INCONCLUSIVE">no</b>'
    return (escape(one["name"]), holds, escape(one["observed"]), "" if one["holds"] else escape(one["remedy"]))


def _failures(load: Mapping[str, Any]) -> list[str]:
    if not load["failures"]:
        return []
    rows = ((escape(reason), str(count)) for reason, count in load["failures"].items())
    return ["<h2>Failures, as the client saw them</h2>", _table(("reason", "requests"), rows)]


def _facts(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    slos = [(f"SLO {one['name']}", f"{one['file']}, SHA-256 {one['sha256']}") for one in document["slos"]]
    queries = [("query", query) for query in document["queries"]]
    return [("machine", document["machine"]), *document["versions"].items(), *slos, *queries]


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{one}</th>" for one in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
