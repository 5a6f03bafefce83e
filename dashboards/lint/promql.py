"""PromQL of panels, parsed: with Grafana's variables replaced by something of the same kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import promql_parser as promql

if TYPE_CHECKING:
    from collections.abc import Iterator

RATES: Final = frozenset({"rate", "irate", "increase"})
# A duration that nobody writes by hand stands for Grafana's, so that it is known again after parsing.
_RATE_INTERVAL_S: Final = 7 * 60 + 11
_DURATIONS: Final = {"$__rate_interval": f"{_RATE_INTERVAL_S}s", "$__interval": "61s", "$__range": "3607s"}
_VARIABLE: Final = re.compile(r"\$\{?(\w+)(:\w+)?\}?")


@dataclass(frozen=True)
class Use:
    """One use of a metric: its matchers, the function whose window it is in, and whether the window is Grafana's."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator as it is written, value."""
    function: str = ""
    grafanas_window: bool = False

    @property
    def labels(self) -> set[str]:
        """The labels that are matched."""
        return {label for label, _, _ in self.matchers}


@dataclass(frozen=True)
class Parsed:
    """A query: the metrics it uses, and the labels that it groups, joins or aggregates by."""

    uses: tuple[Use, ...]
    grouping: frozenset[str]


def parse(expr: str) -> Parsed:
    """Parse a panel's query.

    Raises:
        ValueError: it is no PromQL.
    """
    text = expr
    for variable, duration in _DURATIONS.items():
        text = text.replace(variable, duration).replace(f"${{{variable[1:]}}}", duration)
    tree = promql.parse(_VARIABLE.sub(r"\1", text))
    nodes = list(_walk(tree, ""))
    grouping = frozenset(label for node, _ in nodes for label in _grouping(node))
    uses = (_use(node, function) for node, function in nodes if isinstance(node, _SELECTORS))
    return Parsed(tuple(uses), grouping)


_SELECTORS: Final = (promql.VectorSelector, promql.MatrixSelector)
_OPERATORS: Final = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)


def _walk(node: Any, function: str) -> Iterator[tuple[Any, str]]:  # noqa: ANN401 - the parser's nodes have no common type
    """Yield every node with the name of the function that it is an argument of."""
    yield node, function
    match node:
        case promql.Call():
            for argument in node.args:
                yield from _walk(argument, str(node.func.name))
        case promql.BinaryExpr():
            yield from _walk(node.lhs, "")
            yield from _walk(node.rhs, "")
        case promql.AggregateExpr() | promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            yield from _walk(node.expr, function if isinstance(node, promql.ParenExpr) else "")


def _use(node: Any, function: str) -> Use:  # noqa: ANN401 - as above
    selector = node.vector_selector if isinstance(node, promql.MatrixSelector) else node
    window = node.range.total_seconds() if isinstance(node, promql.MatrixSelector) else 0
    matchers = [(m.name, _written(m.op), m.value) for m in selector.matchers.matchers]
    metric = selector.name or next((value for label, _, value in matchers if label == "__name__"), "")
    kept = tuple(matcher for matcher in matchers if matcher[0] != "__name__")
    return Use(metric, kept, function, window == _RATE_INTERVAL_S)


def _written(operator: Any) -> str:  # noqa: ANN401 - as above
    return next(text for known, text in _OPERATORS if known == operator)


def _grouping(node: Any) -> set[str]:  # noqa: ANN401 - as above
    modifier = getattr(node, "modifier", None)
    if isinstance(node, promql.AggregateExpr) and modifier is not None:
        return set(modifier.labels)
    return set()
