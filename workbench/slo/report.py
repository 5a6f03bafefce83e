"""The state of error budgets, read from what the rules have recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo.rules import names
from workbench.domain.budget import Budget, Hour, Moment, budget, remaining_over_time, worst_hours
from workbench.slo.calendar import began_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.objective import Objective
    from workbench.adapters.prometheus import HttpPrometheus
    from workbench.domain.series import Series

_MOST_POINTS: Final = 5000
_COARSE_POINTS: Final = 200
_FINEST_STEP_S: Final = 30.0
_WHAT_IF: Final = (1.0, 2.0, 6.0, 14.4)


@dataclass(frozen=True)
class Report:
    """One objective's budget: now, over time, and where it went. Times are epoch seconds."""

    objective: Objective
    began_at: float
    now: float
    budget: Budget | None
    remaining: Sequence[tuple[float, float]]
    burn_rate: Sequence[tuple[float, float]]
    worst: Sequence[Hour]
    firing: Sequence[str]

    @property
    def state(self) -> str:
        """Return one word: no data, gone, burning, or in budget."""
        if self.budget is None:
            return "no data"
        if self.budget.remaining <= 0:
            return "gone"
        return "burning" if self.firing or (self.budget.burn_rate or 0) > 1 else "in budget"

    def what_if(self) -> list[tuple[float, float | None]]:
        """Return for some burn rates after how many seconds the budget would be gone."""
        if self.budget is None:
            return []
        period_s = self.objective.period.seconds
        left = max(0.0, self.budget.remaining)
        return [(rate, left * period_s / rate) for rate in _WHAT_IF]


def report(objective: Objective, prometheus: HttpPrometheus) -> Report:
    """Return the state of an objective's budget.

    Raises:
        CannotDecideError: Prometheus cannot be asked.
    """
    now = prometheus.clock()
    began = began_at(objective.period, now)
    moments = _moments(objective, prometheus, began, now)
    step = moments[1].time - moments[0].time if len(moments) > 1 else _FINEST_STEP_S
    burn = names.of(names.BURN_RATE, objective.name)
    firing = prometheus.range(f'ALERTS{{alertstate="firing",{names.SLO}="{objective.name}"}}', now, now, 1)
    burning = prometheus.range(burn, moments[0].time, now, step) if moments else []
    allowance = float(objective.allowance)
    return Report(
        objective=objective,
        began_at=began,
        now=now,
        budget=budget(
            moments, allowance, burn_rate=prometheus.number(burn), period_s=now - began or objective.period.seconds
        ),
        remaining=remaining_over_time(moments, allowance),
        burn_rate=list(burning[0].samples) if burning else [],
        worst=worst_hours(moments, allowance),
        firing=sorted({_title(one) for one in firing}),
    )


def _moments(objective: Objective, prometheus: HttpPrometheus, began: float, now: float) -> list[Moment]:
    """Return the recorded rates, as fine as the time for which there are any allows."""
    coarse = (now - began) / _COARSE_POINTS
    total = names.of(names.total(names.BASE_WINDOW), objective.name)
    there = [time for one in prometheus.range(total, began, now, coarse) for time, _ in one.samples]
    if not there:
        return []
    first = max(began, min(there) - coarse)
    step = max(_FINEST_STEP_S, (now - first) / _MOST_POINTS)
    # The last step ends now.
    start = now - (now - first) // step * step
    errors = names.of(names.errors(names.BASE_WINDOW), objective.name)
    bad, every = (_by_time(prometheus.range(expression, start, now, step)) for expression in (errors, total))
    return [Moment(time, bad.get(time, 0.0), value) for time, value in sorted(every.items())]


def _by_time(series: Sequence[Series]) -> dict[float, float]:
    return {time: value for one in series for time, value in one.samples}


def _title(series: Series) -> str:
    window = series.labels.get("long_window", "")
    return f"{series.labels['alertname']}{f' ({window})' if window else ''}"
