"""A Prometheus query that is one plain metric selector, parsed and never patched as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

import promql_parser

# Milliseconds in a unit, by the suffix that metric names carry (prometheus.io, "Metric and label naming").
_UNIT_MS: Final = {"milliseconds": 1.0, "seconds": 1000.0}
_SELECTS: Final = (promql_parser.MatchOp.Equal, promql_parser.MatchOp.Re)
# By name: the parser's operators cannot be keys.
_OPERATORS: Final = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_BOUND: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?:\(\\\.0\)\?)?")


@dataclass(frozen=True)
class Matcher:
    """One condition on a label: `operator` is one of = != =~ !~."""

    label: str
    operator: str
    value: str

    def holds(self, value: str) -> bool:
        """Whether a value passes. Prometheus' expressions are RE2 and match the whole value."""
        found = value == self.value if self.operator in {"=", "!="} else re.fullmatch(self.value, value) is not None
        return found is not self.operator.startswith("!")


@dataclass(frozen=True)
class Selector:
    """One instant vector selector; `text` is its canonical form, without range, offset or functions."""

    text: str
    metric: str
    le: str | None = None
    """The matcher of the bucket bound, if the selector has exactly one and it selects (`le!=…` does not)."""
    matchers: tuple[Matcher, ...] = ()

    @classmethod
    def parse(cls, query: str) -> Self:
        """Parse a query.

        Raises:
            ValueError: it is no PromQL, or more than a selector of one metric.
        """
        expression = promql_parser.parse(query)
        if not isinstance(expression, promql_parser.VectorSelector):
            raise ValueError('a plain metric selector is expected, such as http_requests_total{code=~"5.."}')  # noqa: TRY004 - the query is a value, not a type
        return cls.of(expression)

    @classmethod
    def of(cls, expression: promql_parser.VectorSelector) -> Self:
        """Return a parsed selector.

        Raises:
            ValueError: it selects another time, or no metric.
        """
        if expression.offset is not None or expression.at is not None:
            raise ValueError("a selector with offset or @ cannot be judged over a window of its own")
        if not expression.name:
            raise ValueError("the selector names no metric")
        if expression.matchers.or_matchers:
            raise ValueError("Prometheus has no `or` between matchers; use a regular expression or two objectives")
        bounds = [one for one in expression.matchers.matchers if one.name == "le"]
        le = str(bounds[0].value) if len(bounds) == 1 and bounds[0].op in _SELECTS else None
        matchers = tuple(
            Matcher(str(one.name), _OPERATORS[str(one.op)], str(one.value)) for one in expression.matchers.matchers
        )
        return cls(str(expression.prettify()).strip(), str(expression.name), le, matchers)

    def bucket_ms(self) -> float | None:
        """Return the bound of a histogram bucket in milliseconds; None when this is none, or the unit is unknown."""
        unit = next((ms for name, ms in _UNIT_MS.items() if self.metric.endswith(f"_{name}_bucket")), None)
        match = _BOUND.fullmatch(self.le) if self.le is not None else None
        return float(match["number"]) * unit if match and unit else None
