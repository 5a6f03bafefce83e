"""A Prometheus query of an indicator, in the forms found in the wild, parsed and never patched as text.

OpenSLO leaves the text of a query open. Three forms are in use, and each means something else for a window:

* a metric selector, bare or inside one aggregation: `http_requests_total{code=~"5.."}`, `sum(http_requests_total)`
* an expression with a placeholder for the window: `sum(rate(http_requests_total[{{.window}}]))`
* an expression that has its value at every moment, for thresholds and ratios that are stored already
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import promql_parser as promql

from slo import duration
from slo.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Collection

WINDOW: Final = re.compile(r"\{\{\s*\.?[wW]indow\s*\}\}")
_EXAMPLE_WINDOW: Final = "5m"
_KEYS: Final = ("query", "promql")
_ONE_SERIES_IS_ITSELF: Final = frozenset({"sum", "avg", "min", "max"})
_COUNTING: Final = frozenset({"rate", "increase", "irate"})


@dataclass(frozen=True)
class Query:
    """One query. `template` has `{{.window}}` where the window goes; None means `value` does not depend on one."""

    value: str
    selectors: tuple[Selector, ...]
    selector: Selector | None = None
    """The selector, where the query is nothing else or its sum: the rates of its series add up."""
    one_series: Selector | None = None
    """The selector, where with one series the query's value is that of the series."""
    template: str | None = None

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> Query:
        """Parse the vendor's part of a metric source, which holds the text under `query` or `promql`.

        Raises:
            ValueError: it holds none, or no PromQL, or none that names a metric.
        """
        text = next((spec[key] for key in _KEYS if key in spec), None)
        if not isinstance(text, str) or not text.strip():
            raise ValueError("is missing; write a metric selector or an expression")
        template = WINDOW.sub("{{.window}}", text) if WINDOW.search(text) else None
        tree = promql.parse(WINDOW.sub(_EXAMPLE_WINDOW, text))
        selectors = tuple(_selectors(tree))
        if not selectors:
            raise ValueError("selects no metric")
        if template is not None:
            return cls(one_line(tree), selectors, template=template)
        return cls(one_line(tree), selectors, _inside(tree, {"sum"}), _inside(tree, _ONE_SERIES_IS_ITSELF))

    def over(self, window_s: int, *, counter: bool) -> str:
        """Return the query's sum over a window: events per second of counters, the mean of what goes up and down.

        Raises:
            ValueError: the query has no place for a window.
        """
        window = duration.promql(window_s)
        if self.selector is not None:
            return f"sum({'rate' if counter else 'avg_over_time'}({self.selector.text}[{window}]))"
        if self.template is None:
            raise ValueError("write a metric selector, or put the window as {{.window}} into the expression")
        return f"sum({one_line(promql.parse(self.template.replace('{{.window}}', window)))})"

    def counts_wrongly(self) -> bool:
        """Whether a template has the window outside of rate() and increase(), so that it is no rate of events."""
        return self.template is not None and not any(f"{name}(" in self.template for name in _COUNTING)


def one_line(tree: Any) -> str:  # noqa: ANN401 - the parser's nodes have no common type
    """Return an expression in its canonical form, in one line; strings have no line breaks, PromQL escapes them."""
    text = ""
    for line in (line.strip() for line in str(tree.prettify()).splitlines()):
        glued = not text or text.endswith("(") or line.startswith(")")
        text += line if glued else f" {line}"
    return text


def _inside(tree: Any, aggregations: Collection[str]) -> Selector | None:  # noqa: ANN401
    """Return the selector that the expression is, bare or inside aggregations of some kinds."""
    inner = tree
    while isinstance(inner, promql.ParenExpr) or (
        isinstance(inner, promql.AggregateExpr) and str(inner.op) in aggregations
    ):
        inner = inner.expr
    return Selector.of(inner) if isinstance(inner, promql.VectorSelector) else None


def _selectors(tree: Any) -> list[Selector]:  # noqa: ANN401
    match tree:
        case promql.VectorSelector():
            return [Selector.of(tree)]
        case promql.MatrixSelector():
            return _selectors(tree.vector_selector)
        case promql.Call():
            return [one for argument in tree.args for one in _selectors(argument)]
        case promql.BinaryExpr():
            return [*_selectors(tree.lhs), *_selectors(tree.rhs)]
        case promql.AggregateExpr() | promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            return _selectors(tree.expr)
    return []
