"""Dashboards as Grafana sees them: variables that are asked first, and panels whose expressions use their values.

`written_down` composes the questions of `questions.yaml`; `official` reads Grafana's own JSON, so that the dashboards
of an Istio release are judged unchanged (set TITANIUM_ISTIO_DASHBOARDS to the folder with the three files).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

QUESTIONS: Final = Path(__file__).with_name("questions.yaml")
SECURED: Final = {
    "": ("",),
    "connection": ('connection_security_policy="mutual_tls"', 'connection_security_policy!="mutual_tls"'),
    "identity": ('destination_principal=~"spiffe.*"', 'destination_principal!~"spiffe.*"'),
}
QUANTILES: Final = (0.5, 0.9, 0.95, 0.99)
_HISTOGRAMS: Final = {
    "duration": "istio_request_duration_milliseconds",
    "request size": "istio_request_bytes",
    "response size": "istio_response_bytes",
}
_BYTES: Final = {"tcp received": "istio_tcp_received_bytes_total", "tcp sent": "istio_tcp_sent_bytes_total"}
_INTERVAL_S: Final = 2
"""Prometheus' scrape interval here; Grafana's rate interval is four of them, or an interval and a scrape."""

SINGLE: Final = frozenset({"service", "namespace", "workload"})
"""Variables that take one value; of all others a person may pick several, or all."""

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Variable:
    """`query` is PromQL whose answer's `pattern` are the values; without one, `options` are."""

    name: str
    query: str = ""
    pattern: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    title: str
    expression: str


@dataclass(frozen=True)
class Dashboard:
    name: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]


def expand(text: str, values: Values) -> str:
    """Replace variables as Grafana's Prometheus data source does: a single one as it is, others as an escaped group."""

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        chosen = values[name]
        if name in SINGLE:
            return chosen[0]
        escaped = [re.sub(r"[.*+?()\[\]{}|^$\\]", lambda found: f"\\\\{found[0]}", value) for value in chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})" if escaped else ""

    interval = {"__rate_interval": f"{4 * _INTERVAL_S}s", "__interval": f"{_INTERVAL_S}s"}
    for name, value in interval.items():
        text = text.replace(f"${name}", value).replace(f"${{{name}}}", value)
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", one, text)


def found_by(variable: Variable, series: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the values of a variable: what its pattern finds in an answer, written as Grafana shows it to patterns."""
    shown = ("{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "} 1 0" for labels in series)
    matches = (re.fullmatch(variable.pattern, text) for text in shown)
    return sorted({match[1] for match in matches if match and match[1]})


@cache
def written_down() -> dict[str, Dashboard]:
    """Return the three dashboards as this project has written them down."""
    document = YAML(typ="safe").load(QUESTIONS.read_text(encoding="utf-8"))
    return {name: _composed(name, content) for name, content in document.items()}


def _composed(name: str, content: dict[str, Any]) -> Dashboard:
    panels = [
        Panel(title, expression)
        for group in content["groups"]
        for secured in SECURED[group.get("security", "")]
        for title, kind in group["panels"].items()
        for expression in _expressions(kind, _selection(group["where"], secured), group.get("by", []))
    ]
    return Dashboard(name, tuple(_variable(one) for one in content["variables"]), tuple(panels))


def _variable(one: dict[str, Any]) -> Variable:
    if "options" in one:
        return Variable(one["name"], options=tuple(one["options"]))
    asked = [
        f"sum by ({label}) ({metric}{{{_selection(_sided(one.get('where', {}), label), '')}}})"
        for metric in ("istio_requests_total", "istio_tcp_sent_bytes_total")
        for label in one["labels"]
    ]
    pattern = rf'.*(?:{"|".join(one["labels"])})="([^"]*)".*'
    return Variable(one["name"], " or ".join(asked), pattern)


def _sided(where: Mapping[str, str], label: str) -> dict[str, str]:
    return {name.replace("$side", label.split("_", 1)[0]): value for name, value in where.items()}


def _selection(where: Mapping[str, str], secured: str) -> str:
    matchers = [f'{name}=~"{value}"' for name, value in where.items()]
    return ", ".join([*matchers, *([secured] if secured else [])])


def _expressions(kind: str, selection: str, by: Sequence[str]) -> list[str]:
    """Return what a panel of this kind asks, one expression a curve (or column)."""
    if kind == "versions":
        return [f"sum by ({', '.join(by)}) (istio_build)"]
    if kind in _HISTOGRAMS:
        buckets = _rate(f"{_HISTOGRAMS[kind]}_bucket", selection, ["le", *by])
        return [f"histogram_quantile({quantile}, {buckets})" for quantile in QUANTILES]
    if kind in _BYTES:
        return [_rate(_BYTES[kind], selection, by)]
    if kind == "tcp traffic":
        return [" + ".join(_rate(metric, selection, by) for metric in _BYTES.values())]
    return [_about_requests(kind, selection, by)]


def _about_requests(kind: str, selection: str, by: Sequence[str]) -> str:
    requests = "istio_requests_total"
    match kind:
        case "requests":
            return _rate(requests, selection, by)
        case "requests by code":
            return _rate(requests, selection, [*by, "response_code"])
        case "success":
            good = _rate(requests, f'{selection}, response_code!~"5.*"', by)
            return f"{good} / {_rate(requests, selection, by)}"
        case "client errors" | "server errors":
            code = "4.." if kind == "client errors" else "5.."
            return f'{_rate(requests, f"""{selection}, response_code=~"{code}" """, by)} or vector(0)'
    raise ValueError(f"{QUESTIONS.name} names a kind of panel that nobody knows: {kind}")


def _rate(metric: str, selection: str, by: Sequence[str]) -> str:
    summed = f"sum by ({', '.join(by)})" if by else "sum"
    return f"{summed} (rate({metric}{{{selection}}}[$__rate_interval]))"


def official(folder: Path) -> dict[str, Dashboard]:
    """Return Istio's own three dashboards from Grafana's JSON in a folder."""
    found: dict[str, Dashboard] = {}
    for file in sorted(folder.glob("*.json")):
        name = re.match(r"istio-(mesh|service|workload)-dashboard", file.name)
        if name:
            document = json.loads(file.read_text(encoding="utf-8"))
            variables = [
                _grafana_variable(one) for one in document["templating"]["list"] if one["type"] != "datasource"
            ]
            found[name[1]] = Dashboard(name[1], tuple(variables), tuple(_grafana_panels(document["panels"])))
    return found


def _grafana_variable(one: dict[str, Any]) -> Variable:
    if one["name"] == "qrep":
        # A list in some releases, the values of a label in others.
        return Variable("qrep", options=("source", "destination"))
    query = one["query"] if isinstance(one["query"], str) else one["query"]["query"]
    asked = re.fullmatch(r"query_result\((.*)\)", query.strip(), re.DOTALL)
    assert asked, f"variable {one['name']} asks in another way: {query}"
    return Variable(one["name"], asked[1], one["regex"].strip("/"))


def _grafana_panels(panels: Sequence[dict[str, Any]]) -> list[Panel]:
    own = [
        Panel(panel.get("title", ""), target["expr"])
        for panel in panels
        for target in panel.get("targets", [])
        if target.get("expr")
    ]
    return own + [one for panel in panels for one in _grafana_panels(panel.get("panels", []))]
