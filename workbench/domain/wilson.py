"""Wilson's score interval for a proportion.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212; why it
and not the textbook's ±: R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
Medicine 17 (1998), 857-872. It keeps its coverage near 0 and 1, where SLOs live, and never claims certainty from a
finite sample.
"""

import math
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.959963984540054
"""Two-sided 95 %: the 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Interval:
    """Bounds of a proportion, both between 0 and 1."""

    low: float
    high: float


def wilson(successes: int, trials: int, *, z: float = Z_95) -> Interval:
    """Return the interval for `successes` of `trials`; with no trials it is everything, [0, 1].

    Raises:
        ValueError: the counts are negative, or there are more successes than trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no proportion")
    if trials == 0:
        return Interval(0.0, 1.0)
    share, spread = successes / trials, z * z / trials
    centre = share + spread / 2
    margin = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    low = 0.0 if successes == 0 else (centre - margin) / (1 + spread)
    high = 1.0 if successes == trials else (centre + margin) / (1 + spread)
    return Interval(max(0.0, low), min(1.0, high))


def smallest_conclusive(allowance: float, *, z: float = Z_95) -> int:
    """Return how many trials without a single failure are needed to show that less than `allowance` fails.

    With no failures the upper end is z²/(n + z²), which is below a when n > z²·(1 - a)/a.

    Raises:
        ValueError: the allowance is not between 0 and 1, so no sample could show it.
    """
    if not 0 < allowance < 1:
        raise ValueError(f"an allowance of {allowance} cannot be shown")
    return math.floor(z * z * (1 - allowance) / allowance) + 1
