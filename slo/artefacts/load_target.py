"""What a load run must be to decide an objective: the rate, the limit, and how long."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from slo import power
from slo.errors import MalformedError
from slo.objective import Objective, Ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_RATE: Final = 100.0
_ANNOTATION: Final = "load-rate"


@dataclass(frozen=True)
class LoadTarget:
    """A load run. `events` of `rate` per second take `duration_s`; `allowance` of them may be bad.

    `threshold_ms` is the limit of a latency objective, None for others.
    """

    slo: str
    rate: float
    duration_s: int
    events: int
    allowance: float
    threshold_ms: float | None
    passes_at: float
    fails_at: float
    power: float


def load_target(objective: Objective) -> LoadTarget:
    """Return the run after which half the allowance passes, and twice of it fails, 95 times in a hundred.

    Raises:
        MalformedError: the annotation with the rate is no positive number.
    """
    rate, allowance = _rate(objective), float(objective.allowance)
    duration_s = power.duration_s(allowance, rate)
    indicator = objective.indicator
    selector = indicator.numerator.selector if isinstance(indicator, Ratio) and indicator.numerator_is_good else None
    return LoadTarget(
        slo=objective.name,
        rate=rate,
        duration_s=duration_s,
        events=round(duration_s * rate),
        allowance=allowance,
        threshold_ms=selector.bucket_ms() if selector else None,
        passes_at=allowance / 2,
        fails_at=min(1.0, 2 * allowance),
        power=power.POWER,
    )


def lines(objective: Objective) -> Iterator[str]:
    """Yield the target as JSON."""
    yield from json.dumps(asdict(load_target(objective)), indent=2).splitlines()


def _rate(objective: Objective) -> float:
    written = objective.annotation(_ANNOTATION)
    if not written:
        return DEFAULT_RATE
    try:
        rate = Decimal(written)
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        where = objective.found.at("metadata", "annotations", f"titanium.dev/{_ANNOTATION}")
        raise MalformedError(f'{where}: {written!r} is no rate; write requests per second, such as "100"')
    return float(rate)
