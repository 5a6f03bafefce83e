"""Example series of an indicator: label sets that its own selectors match, so that rules are tested as they stand."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import rstr

from slo.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slo.objective import Ratio
    from slo.selector import Matcher, Selector

_TRIES: Final = 200
_USUAL_VALUES: Final = ("200", "ok", "other", "0", "1", "false", "true", "")
_SEED: Final = 1


@dataclass(frozen=True)
class Streams:
    """What carries an indicator's events: series texts of the good, of the bad, of all of them, and of none."""

    good: str = ""
    bad: str = ""
    every: str = ""
    none: tuple[str, ...] = ()


@cache
def streams_of(ratio: Ratio) -> Streams:
    """Return example series for the events of a ratio.

    Raises:
        UnsupportedError: no label set could be found that the queries tell apart.
    """
    numerator, total = ratio.numerator.selectors[0], ratio.total.selectors[0]
    others = tuple(
        _text(one.metric, example(one)) for one in (*ratio.numerator.selectors[1:], *ratio.total.selectors[1:])
    )
    counted = example(numerator, also=total.matchers if numerator.metric == total.metric else ())
    if numerator.metric == total.metric and matches(total, counted):
        rest = _text(total.metric, _only(total, numerator, counted))
        first = _text(numerator.metric, counted)
        good, bad = (first, rest) if ratio.numerator_is_good else (rest, first)
        return Streams(good=good, bad=bad, none=others)
    first, every = _text(numerator.metric, counted), _text(total.metric, example(total))
    if ratio.numerator_is_good:
        return Streams(good=first, every=every, none=others)
    return Streams(bad=first, every=every, none=others)


def example(selector: Selector, also: Iterable[Matcher] = ()) -> dict[str, str]:
    """Return labels that a selector matches, and more conditions where that is possible.

    Raises:
        UnsupportedError: no value was found for a label.
    """
    by_label: dict[str, list[Matcher]] = {}
    for matcher in selector.matchers:
        by_label.setdefault(matcher.label, []).append(matcher)
    wished: dict[str, list[Matcher]] = {}
    for matcher in also:
        wished.setdefault(matcher.label, []).append(matcher)
    labels = {}
    for label in sorted({*by_label, *wished}):
        own, more = by_label.get(label, []), wished.get(label, [])
        value = _value([*own, *more])
        if value is None:
            value = _value(own)
        if value is None:
            raise UnsupportedError(f"no value of the label {label!r} was found that {selector.text} matches")
        labels[label] = value
    return labels


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether a selector matches labels; an absent label is empty, as in Prometheus."""
    return all(one.holds(labels.get(one.label, "")) for one in selector.matchers)


def series_text(selector: Selector) -> str:
    """Return an example series of a selector, as promtool writes it."""
    return _text(selector.metric, example(selector))


def _only(wanted: Selector, unwanted: Selector, near: Mapping[str, str]) -> dict[str, str]:
    """Return labels that `wanted` matches and `unwanted` does not, one value away from `near`."""
    # What only the unwanted selector asks for is what tells the two apart.
    own = [one for one in unwanted.matchers if one not in wanted.matchers]
    for matcher in own:
        for value in _candidates([one for one in (*unwanted.matchers, *wanted.matchers) if one.label == matcher.label]):
            labels = {**near, matcher.label: value}
            if matches(wanted, labels) and not matches(unwanted, labels):
                return labels
    raise UnsupportedError(f"no event was found that {wanted.text} counts and {unwanted.text} does not")


def _value(matchers: Sequence[Matcher]) -> str | None:
    return next((value for value in _candidates(matchers) if all(one.holds(value) for one in matchers)), None)


def _candidates(matchers: Sequence[Matcher]) -> Iterable[str]:
    """Yield values to try: what the conditions name, what is usual, what their expressions match."""
    yield from (one.value for one in matchers if not one.operator.endswith("~"))
    yield from _USUAL_VALUES
    strings = rstr.Rstr(random.Random(_SEED))  # noqa: S311 - examples, the same every time
    for matcher in matchers:
        if matcher.operator.endswith("~"):
            yield from (strings.xeger(matcher.value) for _ in range(_TRIES))


def _text(metric: str, labels: Mapping[str, str]) -> str:
    pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items()) if value)
    return f"{metric}{{{pairs}}}"
