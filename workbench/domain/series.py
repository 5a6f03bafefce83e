"""Raw samples of counters, and what they increased by between two scrapes: exact, where `increase()` extrapolates.

Counting starts at the first scrape inside the window and ends at the last one inside it. A series that is not there at
the first scrape starts from 0 (Envoy creates a counter with its first event); one that decreases was reset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Series:
    """One time series: its labels and its (time, value) samples in order; times in epoch seconds."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]

    def between(self, start: float, end: float) -> list[tuple[float, float]]:
        """Return the samples inside the closed window."""
        return [sample for sample in self.samples if start <= sample[0] <= end]


@dataclass(frozen=True)
class Span:
    """The part of a window that is covered by scrapes."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def covered(timeline: Series, start: float, end: float) -> Span | None:
    """Return from the first to the last successful scrape of the window; None with fewer than two.

    `timeline` is the target's `up` series.
    """
    times = [time for time, up in timeline.between(start, end) if up == 1]
    return Span(times[0], times[-1]) if len(times) > 1 else None


def increase(series: Sequence[Series], span: Span) -> float:
    """Return by how much the counters grew together over the span, resets not repaired."""
    return sum(_growth(one, span) for one in series)


def was_reset(series: Sequence[Series], span: Span) -> bool:
    """Whether any counter decreased inside the span."""
    return any(
        later < earlier for one in series for (_, earlier), (_, later) in pairwise(one.between(span.start, span.end))
    )


def _growth(series: Series, span: Span) -> float:
    inside = series.between(span.start, span.end)
    if not inside:
        return 0.0
    # A scrape stamps all of a target's samples with one time: a later first sample means that the series was not there.
    base = inside[0][1] if inside[0][0] <= span.start else 0.0
    return inside[-1][1] - base
