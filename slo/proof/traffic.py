"""Traffic over time, as the counters and gauges that promtool feeds to the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slo.errors import UnsupportedError
from slo.objective import Objective, Ratio, Sliced
from slo.proof.series import Streams, series_text, streams_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slo.query import Query


@dataclass(frozen=True)
class Phase:
    """Some time with a constant rate of good and bad events per second.

    `gone`: the target is not there. `restarted`: its counters begin at zero.
    """

    seconds: int
    good: float = 0.0
    bad: float = 0.0
    gone: bool = False
    restarted: bool = False

    @property
    def every(self) -> float:
        return self.good + self.bad


def input_series(objective: Objective, phases: Sequence[Phase], step_s: int) -> dict[str, str]:
    """Return promtool's `values` by series for what happens to an objective.

    Raises:
        UnsupportedError: no example can be made of the indicator's queries.
    """
    indicator = objective.indicator
    ratio = indicator if isinstance(indicator, Ratio) else indicator.ratio
    if ratio is not None:
        return _events(ratio, phases, step_s)
    assert isinstance(indicator, Sliced)  # noqa: S101 - the only other shape
    return _moments(indicator, phases, step_s)


def _events(ratio: Ratio, phases: Sequence[Phase], step_s: int) -> dict[str, str]:
    streams: Streams = streams_of(ratio)
    counts: dict[str, Callable[[Phase], float]] = {
        streams.good: lambda phase: phase.good,
        streams.bad: lambda phase: phase.bad,
        streams.every: lambda phase: phase.every,
        **dict.fromkeys(streams.none, lambda _: 0.0),
    }
    write = _counter if ratio.counter else _rates
    # What never happens has no series: so are errors before the first one.
    return {
        series: write(phases, step_s, count)
        for series, count in counts.items()
        if series and (series in streams.none or series == streams.every or any(count(phase) for phase in phases))
    }


def _counter(phases: Sequence[Phase], step_s: int, rate: Callable[[Phase], float]) -> str:
    """Return the values of a counter: the first sample of a phase follows one step after the last of the one before."""
    words, value = [], 0
    for phase in phases:
        samples, each = phase.seconds // step_s, round(rate(phase) * step_s)
        if phase.gone:
            words.append(f"_x{samples}")
            continue
        value = 0 if phase.restarted else value
        words.append(f"{value}+{each}x{samples - 1}")
        value += each * samples
    return " ".join(words)


def _rates(phases: Sequence[Phase], step_s: int, rate: Callable[[Phase], float]) -> str:
    return _constant(phases, step_s, lambda phase: f"{rate(phase):g}")


def _constant(phases: Sequence[Phase], step_s: int, value: Callable[[Phase], str]) -> str:
    words = []
    for phase in phases:
        samples = phase.seconds // step_s
        words.append(f"_x{samples}" if phase.gone else f"{value(phase)}+0x{samples - 1}")
    return " ".join(words)


def _moments(sliced: Sliced, phases: Sequence[Phase], step_s: int) -> dict[str, str]:
    query = sliced.queries[0]
    good, bad = _values(sliced, query)
    text = series_text(query.selectors[0])
    return {text: _constant(phases, step_s, lambda phase: bad if phase.bad else good)}


_FAR: Final = 1000


def _values(sliced: Sliced, query: Query) -> tuple[str, str]:
    """Return a value of a good and of a bad moment."""
    if query.one_series is None:
        raise UnsupportedError(f"no example can be made of the expression {query.value}: its value cannot be chosen")
    if sliced.threshold is None:
        return ("1", "0") if sliced.raw_is_good else ("0", "1")
    operator, _, value = sliced.comparison.split()
    below, above = f"{float(value) - _FAR:g}", f"{float(value) + _FAR:g}"
    return (below, above) if operator.startswith("<") else (above, below)
