"""The arithmetic of an error budget: what is used, what is left, when it ends. Pure.

Shares are of events and weighted by traffic. The budget of a period is `allowance` of its events; `used` is bad events
divided by that, 1 when exactly used up. A burn rate of 1 uses it up exactly at the period's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """Bad and all events per second at a time (epoch seconds), each a mean over the step before it."""

    time: float
    bad: float
    total: float


@dataclass(frozen=True)
class Hour:
    """How much of the budget one hour has used."""

    time: float
    bad_share: float
    used: float


@dataclass(frozen=True)
class Budget:
    """A period's error budget. `covered` is the share of the period for which there is data."""

    bad_share: float
    used: float
    burn_rate: float | None
    covered: float

    @property
    def remaining(self) -> float:
        return 1 - self.used

    def exhausted_in_s(self, period_s: float) -> float | None:
        """Return after how many seconds at the present burn rate the budget is gone; None when it will not be."""
        if self.remaining <= 0:
            return 0.0
        if self.burn_rate is None or self.burn_rate <= 0:
            return None
        return self.remaining * period_s / self.burn_rate


def budget(moments: Sequence[Moment], allowance: float, *, burn_rate: float | None, period_s: float) -> Budget | None:
    """Return the budget of a period from evenly spaced moments; None without a single event."""
    total = sum(one.total for one in moments)
    if total <= 0:
        return None
    share = sum(one.bad for one in moments) / total
    step = moments[1].time - moments[0].time if len(moments) > 1 else 0.0
    return Budget(share, share / allowance, burn_rate, min(1.0, len(moments) * step / period_s))


def remaining_over_time(moments: Sequence[Moment], allowance: float) -> list[tuple[float, float]]:
    """Return (time, what was left): the period's events are known at its end, so that the line ends at the truth."""
    everything = sum(one.total for one in moments)
    if everything <= 0:
        return []
    left, line = 1.0, []
    for one in moments:
        left -= one.bad / (allowance * everything)
        line.append((one.time, left))
    return line


def worst_hours(moments: Sequence[Moment], allowance: float, *, count: int = 5) -> list[Hour]:
    """Return the hours that used most of the budget, the worst first; hours without bad events are none."""
    everything = sum(one.total for one in moments)
    hours: dict[int, list[Moment]] = {}
    for one in moments:
        hours.setdefault(int(one.time // 3600), []).append(one)
    found = [
        Hour(
            number * 3600.0,
            sum(one.bad for one in inside) / max(sum(one.total for one in inside), 1e-300),
            sum(one.bad for one in inside) / (allowance * everything),
        )
        for number, inside in hours.items()
        if sum(one.bad for one in inside) > 0
    ]
    return sorted(found, key=lambda hour: hour.used, reverse=True)[:count]
