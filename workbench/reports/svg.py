"""Plots as inline SVG text, without a library or a script: a distribution of latencies, an interval, lines over time.

Pure: figures in, markup out. Colours and fonts come from the page's style sheet by class names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_WIDTH, _HEIGHT, _MARGIN, _AXIS = 720, 220, 16, 28
_LINES_HEIGHT: Final = 140
_AN_HOUR_S: Final = 3600
# How wide a bin is drawn that has no neighbour.
_ALONE: Final = 1.12
_TICKS_MS: Final = tuple(step * 10**power for power in range(-1, 6) for step in (1, 2, 5))


@dataclass(frozen=True)
class Bin:
    """How many requests took up to `up_to_ms`, and longer than the bin before."""

    up_to_ms: float
    count: int


def histogram(bins: Sequence[Bin], *, limit_ms: float | None, marks: Sequence[tuple[str, float]]) -> str:
    """Return bars over a logarithmic axis of milliseconds, with a line at the limit and named marks (label, ms)."""
    filled = [one for one in bins if one.count]
    if not filled:
        return "<p>no requests</p>"
    bounds = [one.up_to_ms for one in filled]
    # Always show where the limit is, however far from it everything stays.
    scale = _Logarithmic(min(bounds) / 1.3, max([*bounds, limit_ms or 0.0]) * 1.3)
    highest, step = max(one.count for one in filled), _step(bins)
    bars = [
        _bar(scale, one, step, one.count / highest, slow=bool(limit_ms and one.up_to_ms / step > limit_ms))
        for one in filled
    ]
    lines = [_mark(scale.at(ms), label, "mark", row) for row, (label, ms) in enumerate(marks)]
    limit = [_mark(scale.at(limit_ms), f"limit {limit_ms:g} ms", "limit", len(marks))] if limit_ms else []
    return _svg("distribution of the client's latencies", [*bars, _axis(scale), *lines, *limit], _HEIGHT)


def interval(low: float, high: float, share: float, allowance: float) -> str:
    """Return an interval of the bad share on an axis from 0, with the allowance as a line."""
    end = max(2 * allowance, 1.15 * high)
    x = [_MARGIN + (_WIDTH - 2 * _MARGIN) * value / end for value in (low, high, share, allowance)]
    return _svg(
        f"bad share between {low:.2%} and {high:.2%}, {allowance:.2%} allowed",
        [
            f'<line class="axis" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="40" y2="40"/>',
            f'<rect class="allowed" x="{_MARGIN}" y="30" width="{x[3] - _MARGIN:.1f}" height="20"/>',
            f'<rect class="interval" x="{x[0]:.1f}" y="34" width="{max(2.0, x[1] - x[0]):.1f}" height="12" rx="3"/>',
            f'<circle class="point" cx="{x[2]:.1f}" cy="40" r="4"/>',
            f'<line class="limit" x1="{x[3]:.1f}" x2="{x[3]:.1f}" y1="22" y2="58"/>',
            _text(x[3], 16, f"{allowance:.2%} allowed", "limit", anchor="start" if x[3] < _WIDTH / 4 else "middle"),
            _text(_MARGIN, 72, "0", "tick", anchor="start"),
            _text(_WIDTH - _MARGIN, 72, f"{end:.2%}", "tick", anchor="end"),
        ],
        80,
    )


@dataclass(frozen=True)
class Line:
    """Values over time (epoch seconds), drawn with a class of the style sheet."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: str


def lines(series: Sequence[Line], *, unit: str, limit: float | None = None) -> str:
    """Return lines over time on a linear axis that always shows zero and the limit."""
    points = [point for one in series for point in one.points]
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return f"<p>{series[0].name}: not enough data for a plot</p>"
    times, values = [time for time, _ in points], [value for _, value in points]
    low, high = min(0.0, *values, limit or 0.0), max(*values, limit or 0.0)
    scale = _Linear(min(times), max(times), low, high if high > low else low + 1)
    drawn = [
        f'<polyline class="line {one.kind}" points="'
        + " ".join(f"{scale.x(time):.1f},{scale.y(value):.1f}" for time, value in one.points)
        + f'"><title>{one.name}</title></polyline>'
        for one in series
    ]
    marks = [
        f'<line class="axis" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{scale.y(0):.1f}" y2="{scale.y(0):.1f}"/>',
        _text(_MARGIN, 12, f"{series[0].name}: now {series[0].points[-1][1]:.3g} {unit}", "tick", anchor="start"),
        _text(_WIDTH - _MARGIN, 12, f"highest {max(values):.3g} {unit}", "tick", anchor="end"),
        _text(_MARGIN, _LINES_HEIGHT - 4, _clock(min(times), times), "tick", anchor="start"),
        _text(_WIDTH - _MARGIN, _LINES_HEIGHT - 4, _clock(max(times), times), "tick", anchor="end"),
    ]
    if limit is not None:
        y = scale.y(limit)
        marks.append(f'<line class="limit" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return _svg(", ".join(one.name for one in series), [*marks, *drawn], _LINES_HEIGHT)


def _clock(seconds: float, times: Sequence[float]) -> str:
    """Return a time of day, with its seconds or its date as the whole span asks for."""
    form = "%H:%M:%S" if max(times) - min(times) < _AN_HOUR_S else "%d %b %H:%M"
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


@dataclass(frozen=True)
class _Linear:
    """From time and value to coordinates."""

    start: float
    end: float
    low: float
    high: float

    def x(self, time: float) -> float:
        return _MARGIN + (_WIDTH - 2 * _MARGIN) * (time - self.start) / max(self.end - self.start, 1e-9)

    def y(self, value: float) -> float:
        return _LINES_HEIGHT - 24 - (_LINES_HEIGHT - 48) * (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class _Logarithmic:
    """From milliseconds to the horizontal coordinate."""

    low: float
    high: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return _MARGIN + (_WIDTH - 2 * _MARGIN) * share


def _step(bins: Sequence[Bin]) -> float:
    """Return the ratio of neighbouring bounds: bins are equally wide on the logarithmic axis."""
    return bins[1].up_to_ms / bins[0].up_to_ms if len(bins) > 1 else _ALONE


def _bar(scale: "_Logarithmic", one: Bin, step: float, share: float, *, slow: bool) -> str:
    height = max(1.5, share * (_HEIGHT - _AXIS - 70))
    left, right = scale.at(one.up_to_ms / step), scale.at(one.up_to_ms)
    return (
        f'<rect class="{"slow" if slow else "bar"}" x="{left:.1f}" y="{_HEIGHT - _AXIS - height:.1f}" '
        f'width="{max(1.0, right - left - 1):.1f}" height="{height:.1f}">'
        f"<title>{one.count} requests from {one.up_to_ms / step:.4g} to {one.up_to_ms:g} ms</title></rect>"
    )


def _axis(scale: _Logarithmic) -> str:
    y = _HEIGHT - _AXIS
    ticks = [
        _text(scale.at(ms), y + 18, f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s", "tick")  # noqa: PLR2004 - a second
        for ms in _TICKS_MS
        if scale.low <= ms <= scale.high
    ]
    return f'<line class="axis" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}"/>' + "".join(ticks)


def _mark(x: float, label: str, kind: str, row: int) -> str:
    y = 14 + 14 * row
    anchor = "end" if x > _WIDTH / 2 else "start"
    shift = -4 if anchor == "end" else 4
    line = f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10}" y2="{_HEIGHT - _AXIS}"/>'
    return line + _text(x + shift, y, label, kind, anchor=anchor)


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _svg(label: str, parts: Sequence[str], height: int) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
