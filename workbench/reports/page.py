"""What all pages share: one style sheet for light and dark, and tables. Pages open from a file and load nothing."""

from collections.abc import Iterable
from typing import Final

STYLE: Final = """
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
h3 { font-size: .95rem; margin: 1rem 0 .2rem; }
polyline.line { fill: none; stroke: var(--bar); stroke-width: 2; } polyline.failed { stroke: var(--bad); }
.axis { stroke: var(--line); } .bar { fill: var(--bar); } .slow { fill: var(--bad); } .allowed { fill: var(--good);
  opacity: .18; } .interval { fill: var(--bar); } .point { fill: var(--ink); } line.limit { stroke: var(--bad);
  stroke-width: 2; } text.limit { fill: var(--bad); font-weight: 600; } line.mark { stroke: var(--soft);
  stroke-dasharray: 3 3; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { text-align: left;
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; } code { font-size: .85em; overflow-wrap: anywhere; }
"""


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; cells are markup, to be escaped by the caller."""
    head = "".join(f"<th>{one}</th>" for one in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
