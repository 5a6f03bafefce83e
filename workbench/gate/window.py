"""What a Prometheus counted in a window of time, for any objective, of all versions or of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from slo import duration
from slo.artefacts.judgement import counts, with_matchers
from slo.errors import UnsupportedError
from slo.objective import Objective, Ratio
from slo.rules import names
from workbench.domain.comparison import Difference, distributions, shares
from workbench.domain.preconditions import Precondition
from workbench.domain.series import Span as Covered
from workbench.domain.series import increase
from workbench.domain.window import Counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.adapters.prometheus import HttpPrometheus
    from workbench.domain.series import Series

_VERSION: Final = "destination_version"
_REPLICAS_AGREE: Final = 0.03
_ISTIO: Final = "istio_"


@dataclass(frozen=True)
class Span:
    """A window that ends at `end` (epoch seconds), of a version or (empty) of all."""

    end: float
    seconds: int
    version: str = ""

    @property
    def matchers(self) -> str:
        return f'{_VERSION}="{self.version}"' if self.version else ""


def count(objective: Objective, prometheus: HttpPrometheus, span: Span) -> Counted:
    """Return what was counted for an objective.

    Raises:
        UnsupportedError: a version is asked for, and the objective's metrics do not say which version answered.
        CannotDecideError: Prometheus cannot be asked.
    """
    if span.version:
        refuse_unversioned(objective)
    matched, total = _exactly(objective, prometheus, span) or _by_promql(objective, prometheus, span)
    good = isinstance(objective.indicator, Ratio) and objective.indicator.numerator_is_good
    selectors = [one.text for query in objective.indicator.queries for one in query.selectors]
    return Counted(
        name=objective.name,
        display_name=objective.display_name,
        allowance=float(objective.allowance),
        bad=total - matched if good else matched,
        total=total,
        coverage=_coverage(prometheus.raw(selectors[-1], span.end - span.seconds, span.end), span.seconds),
        resets=_resets(objective, prometheus, span, selectors),
        sha256=objective.sha256,
        recorded_sha256=_recorded(objective, prometheus, span.end),
    )


def _exactly(objective: Objective, prometheus: HttpPrometheus, span: Span) -> tuple[float, float] | None:
    """Return the counted and all events from the raw samples; None where these are not two counters' own.

    `increase()` extrapolates to the window's edges: more events than there were, and more certainty than there is.
    """
    indicator = objective.indicator
    if not isinstance(indicator, Ratio) or not indicator.counter:
        return None
    selectors = [with_matchers(query, span.matchers) for query in indicator.queries]
    if None in selectors:
        return None
    matched, total = (prometheus.raw(str(one), span.end - span.seconds, span.end) for one in selectors)
    times = [series.samples[0][0] for series in total] + [series.samples[-1][0] for series in total]
    if not times:
        return 0.0, 0.0
    covered = Covered(min(times), max(times))
    return increase(matched, covered), increase(total, covered)


def _by_promql(objective: Objective, prometheus: HttpPrometheus, span: Span) -> tuple[float, float]:
    counted, every = counts(objective, duration.promql(span.seconds), span.matchers)
    return prometheus.number(counted, at=span.end) or 0.0, prometheus.number(every, at=span.end) or 0.0


def refuse_unversioned(objective: Objective) -> None:
    """Refuse an objective whose metrics are not Istio's.

    Raises:
        UnsupportedError: they do not say which version answered.
    """
    queries = objective.indicator.queries
    if not all(query.selector is not None and query.selector.metric.startswith(_ISTIO) for query in queries):
        raise UnsupportedError(
            f"{objective.found}: only Istio's metrics say which version answered; it cannot be judged by version"
        )


def replicas_agree(counted: Sequence[Sequence[Counted]], urls: Sequence[str]) -> list[Precondition]:
    """Return for each objective whether several Prometheus have counted the same."""
    if len(urls) < 2:  # noqa: PLR2004 - one agrees with itself
        return []
    return [_agree(every, urls) for every in zip(*counted, strict=True)]


def compare(
    objective: Objective, prometheus: HttpPrometheus, candidate: Span, baseline: Span, *, z: float
) -> Difference:
    """Return how the candidate's bad share differs from the baseline's in the same window.

    Raises:
        UnsupportedError: the objective's metrics do not say which version answered.
    """
    sides = [count(objective, prometheus, span) for span in (candidate, baseline)]
    first, second = ((max(0, round(one.bad)), max(0, round(one.total))) for one in sides)
    return shares((min(first), first[1]), (min(second), second[1]), z=z)


def compare_latencies(
    objective: Objective, prometheus: HttpPrometheus, candidate: Span, baseline: Span
) -> Difference | None:
    """Return how the candidate's latencies differ from the baseline's; None where the objective has no histogram."""
    indicator = objective.indicator
    selector = indicator.numerator.selector if isinstance(indicator, Ratio) else None
    if selector is None or selector.le is None:
        return None
    kept = [f'{one.label}{one.operator}"{_escaped(one.value)}"' for one in selector.matchers if one.label != "le"]
    sides = []
    for span in (candidate, baseline):
        where = ",".join([*kept, span.matchers])
        window = duration.promql(span.seconds)
        found = prometheus.range(
            f"sum by (le) (increase({selector.metric}{{{where}}}[{window}]))", span.end, span.end, 1
        )
        sides.append({_bound(one): one.samples[-1][1] for one in found if one.samples})
    return distributions(*sides)


def _agree(every: Sequence[Counted], urls: Sequence[str]) -> Precondition:
    totals, bads = [one.total for one in every], [one.bad for one in every]
    apart = [(max(values) - min(values)) / max(1.0, *totals) for values in (totals, bads)]
    said = ", ".join(f"{url} {one.bad:.0f} of {one.total:.0f}" for url, one in zip(urls, every, strict=True))
    return Precondition(
        f"{every[0].name}: the replicas of Prometheus agree",
        max(apart) <= _REPLICAS_AGREE,
        said,
        "one of them has gaps: look at its targets and at when it was started",
    )


def _coverage(series: Sequence[Series], window_s: float) -> float:
    """Return the share of the expected samples that the best series has; its own spacing says what is expected."""
    best = 0.0
    for one in series:
        times = [time for time, _ in one.samples]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if gaps:
            best = max(best, min(1.0, len(times) * median(gaps) / window_s))
    return best


def _resets(objective: Objective, prometheus: HttpPrometheus, span: Span, selectors: Sequence[str]) -> float:
    if not isinstance(objective.indicator, Ratio) or not objective.indicator.counter:
        return 0.0
    window = duration.promql(span.seconds)
    return sum(prometheus.number(f"sum(resets({one}[{window}]))", at=span.end) or 0.0 for one in selectors)


def _recorded(objective: Objective, prometheus: HttpPrometheus, at: float) -> str | None:
    found = prometheus.range(names.of(names.INFO, objective.name), at, at, 1)
    return found[0].labels.get("sha256") if found else None


def _bound(series: Series) -> float:
    text = series.labels.get("le", "")
    return math.inf if text == "+Inf" else float(text)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
