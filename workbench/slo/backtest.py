"""Replays an objective's burn-rate alerts on what a Prometheus has recorded, without loading a single rule there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo.errors import UnsupportedError
from slo.objective import Ratio
from slo.rules.alerts import counts_events
from slo.rules.policy import BurnRow, rows_of
from slo.rules.recording import event_rates
from workbench.domain.replay import Condition, Firing, Rates, replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.objective import Objective
    from workbench.adapters.prometheus import HttpPrometheus

_MOST_POINTS: Final = 10_000
_FINEST_STEP_S: Final = 60.0


@dataclass(frozen=True)
class Backtest:
    """What one row of the alert policy would have done; `covered_s` is for how long there was data."""

    row: BurnRow
    firings: Sequence[Firing]
    covered_s: float


def backtest(objective: Objective, prometheus: HttpPrometheus, *, days: float) -> list[Backtest]:
    """Return each row's alerts over the last days.

    Raises:
        UnsupportedError: the objective counts no events.
        CannotDecideError: Prometheus cannot be asked.
    """
    if not isinstance(objective.indicator, Ratio):
        raise UnsupportedError(f"{objective.found}: only objectives that count events can be replayed")
    end = prometheus.clock()
    step = max(_FINEST_STEP_S, days * 86400 / _MOST_POINTS)
    span = (end - days * 86400 // step * step, end, step)
    found = []
    for row in rows_of(objective):
        long, short = (_rates(objective.indicator, prometheus, one, span) for one in (row.long_s, row.short_s))
        times = sorted(long.total)
        condition = Condition(
            limit=float(row.burn_rate * objective.allowance),
            minimum=row.minimum_failures if counts_events(objective) else 0,
            long_s=row.long_s,
        )
        found.append(Backtest(row, replay(times, long, short, condition), len(times) * step))
    return found


def _rates(ratio: Ratio, prometheus: HttpPrometheus, window_s: int, span: tuple[float, float, float]) -> Rates:
    total, bad = event_rates(ratio, window_s)
    answers = [prometheus.range(expression, *span) for expression in (bad, total)]
    by_time = [{time: value for one in series for time, value in one.samples} for series in answers]
    return Rates(*by_time)
