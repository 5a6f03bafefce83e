"""What panels ask: queries of the four data sources, and the PromQL that dashboards write most.

Rates always use `$__rate_interval`, which Grafana makes at least four scrapes long: a rate over a shorter window is
empty as soon as one scrape is late.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

RATE_WINDOW: Final = "[$__rate_interval]"


class Source(Enum):
    """A data source: its type in Grafana, and the variable by which a reader chooses one."""

    METRICS = ("prometheus", "datasource")
    LOGS = ("loki", "loki")
    TRACES = ("jaeger", "jaeger")

    @property
    def reference(self) -> dict[str, str]:
        """Return the object that panels and targets name it by."""
        kind, variable = self.value
        return {"type": kind, "uid": f"${{{variable}}}"}


@dataclass(frozen=True)
class Query:
    """One PromQL query; `legend` names its series, `instant` asks for the latest value alone."""

    expr: str
    legend: str = "__auto"
    instant: bool = False
    format: str = "time_series"
    exemplar: bool = False
    ref: str = ""

    def to_json_data(self) -> dict[str, Any]:
        """Return the target as Grafana's editor writes it (without `refId`, which the panel gives)."""
        return {
            "datasource": Source.METRICS.reference,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend,
            "format": self.format,
            "instant": self.instant,
            "range": not self.instant,
            "exemplar": self.exemplar,
        }


@dataclass(frozen=True)
class LogQuery:
    """One LogQL query; `kind` is `range`, or `instant` for a number."""

    expr: str
    legend: str = ""
    kind: str = "range"
    lines: int = 500
    ref: str = ""

    def to_json_data(self) -> dict[str, Any]:
        return {
            "datasource": Source.LOGS.reference,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend,
            "queryType": self.kind,
            "maxLines": self.lines,
        }


@dataclass(frozen=True)
class TraceSearch:
    """A search for traces by service and tags, or one trace by its id (`trace`)."""

    service: str = ""
    tags: str = ""
    trace: str = ""
    limit: int = 20
    ref: str = ""

    def to_json_data(self) -> dict[str, Any]:
        what: dict[str, Any] = {"datasource": Source.TRACES.reference}
        if self.trace:
            return what | {"query": self.trace}
        return what | {"queryType": "search", "service": self.service, "tags": self.tags, "limit": self.limit}


AnyQuery = Query | LogQuery | TraceSearch


def rate(counter: str, matchers: str, by: str = "") -> str:
    """Return how fast a counter grows per second, summed by the labels in `by`."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({counter}{{{matchers}}}{RATE_WINDOW}))"


def quantile(share: float, histogram: str, matchers: str, by: str = "") -> str:
    """Return a quantile of a classic histogram; it is interpolated, good for looking, never for judging."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:g}, {rate(f'{histogram}_bucket', matchers, labels)})"


def share(part: str, whole: str) -> str:
    """Return a part of a whole, 0 to 1: 0 where the part has no series yet, nothing where there is no traffic."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"
