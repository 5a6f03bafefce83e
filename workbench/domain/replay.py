"""What alerts would have done on recorded data. Pure: evenly spaced values in, times of firing out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Rates:
    """Bad and all events per second over one window, by time (epoch seconds)."""

    bad: Mapping[float, float]
    total: Mapping[float, float]

    def exceeds(self, time: float, limit: float) -> bool:
        """Whether more than `limit` of the events were bad; without data it is not known, and nothing fires."""
        total = self.total.get(time)
        return total is not None and self.bad.get(time, 0.0) > limit * total


@dataclass(frozen=True)
class Firing:
    """An alert, from when to when."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Condition:
    """When an alert fires: over `limit` in both windows, and `minimum` failures in the long one of `long_s` seconds."""

    limit: float
    minimum: float
    long_s: float


def replay(times: Sequence[float], long: Rates, short: Rates, condition: Condition) -> list[Firing]:
    """Return when a burn-rate alert would have fired."""
    holds = [
        long.exceeds(time, condition.limit)
        and short.exceeds(time, condition.limit)
        and long.bad.get(time, 0.0) * condition.long_s >= condition.minimum
        for time in times
    ]
    return _intervals(times, holds)


def _intervals(times: Sequence[float], holds: Sequence[bool]) -> list[Firing]:
    found: list[Firing] = []
    began: float | None = times[0] if times and holds[0] else None
    for (_, was), (time, now) in pairwise(zip(times, holds, strict=True)):
        if now and not was:
            began = time
        elif was and not now and began is not None:
            found.append(Firing(began, time))
            began = None
    if began is not None:
        found.append(Firing(began, times[-1]))
    return found
