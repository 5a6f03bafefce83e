"""An objective ready to be compiled: references followed, queries parsed, every unit explicit.

Two shapes of indicator cover all of OpenSLO's methods. `Ratio` counts events: errors and total per second over any
window. `Sliced` has no events, only moments: a badness between 0 and 1 at each, of which the mean over a window is the
share of the budget method (time slices, thresholds, ratios that are stored already).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from slo import duration
from slo.duration import MINUTE

if TYPE_CHECKING:
    from decimal import Decimal

    from slo.query import Query
    from slo.reader import Found

ANNOTATIONS: Final = "titanium.dev/"
"""The prefix of annotations that are read here: burn-rate-policy, owner, runbook-url, dashboard-url."""

INSTANT_S: Final = MINUTE
"""How long a moment lasts for thresholds and stored ratios without time slices: one evaluation a minute counts."""

_COMPARISONS: Final = {"lte": "<=", "gte": ">=", "lt": "<", "gt": ">"}


@dataclass(frozen=True)
class Ratio:
    """Good or bad events of all events."""

    numerator: Query
    numerator_is_good: bool
    total: Query
    counter: bool

    @property
    def queries(self) -> tuple[Query, ...]:
        return (self.numerator, self.total)


@dataclass(frozen=True)
class Sliced:
    """Moments that are good, bad or partly bad; exactly one of `ratio`, `threshold` and `raw` is measured in each.

    `target` is the share of a slice that must be good for the slice to be good; None: the slice's own share counts.
    """

    slice_s: int
    target: Decimal | None
    ratio: Ratio | None = None
    threshold: Query | None = None
    comparison: str = ""
    raw: Query | None = None
    raw_is_good: bool = True

    @property
    def queries(self) -> tuple[Query, ...]:
        if self.ratio is not None:
            return self.ratio.queries
        query = self.threshold or self.raw
        return (query,) if query is not None else ()


Indicator = Ratio | Sliced


@dataclass(frozen=True)
class Period:
    """The window of an objective: how long, and whether it rolls or begins with a calendar."""

    text: str
    seconds: int
    start_time: str | None = None
    time_zone: str | None = None

    @property
    def rolls(self) -> bool:
        return self.start_time is None

    @property
    def promql(self) -> str:
        return duration.promql(self.seconds)


@dataclass(frozen=True)
class BurnCondition:
    """An alert condition that the SLO's author has written: a burn rate over one window."""

    policy: str
    name: str
    severity: str
    comparison: str
    threshold: Decimal
    lookback_s: int
    after_s: int
    when_breaching: bool
    when_resolved: bool
    when_no_data: bool
    targets: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True)
class Objective:
    """One objective of an SLO. `share` is the promised share of good events, exact as written."""

    name: str
    slo: str
    display_name: str
    description: str
    service: str
    share: Decimal
    period: Period
    method: str
    indicator: Indicator
    conditions: tuple[BurnCondition, ...]
    labels: dict[str, str] = field(hash=False)
    annotations: dict[str, str] = field(hash=False)
    file: str
    line: int
    sha256: str
    found: Found = field(repr=False, compare=False)

    @property
    def allowance(self) -> Decimal:
        """The share of events that may be bad: the error budget."""
        return 1 - self.share

    @property
    def owner(self) -> str:
        """Who answers for it: the annotation, or the label `team`."""
        return self.annotation("owner") or self.labels.get("team", "")

    def annotation(self, name: str) -> str:
        """Return one of the annotations that are read here; empty when it is not there."""
        return self.annotations.get(f"{ANNOTATIONS}{name}", "")


def comparison(operator: str) -> str:
    """Return PromQL's operator for OpenSLO's."""
    return _COMPARISONS[operator]
