"""Is the candidate worse than the baseline, even where both are inside the objective? Pure.

Shares are compared by Newcombe's hybrid score interval of their difference (R. G. Newcombe, "Interval estimation for
the difference between independent proportions", Statistics in Medicine 17 (1998), 873-890, method 10). Latencies are
compared bucket by bucket: the largest difference of the two cumulative distributions, and the value that two samples of
one distribution exceed with probability alpha (Smirnov 1939): sqrt(-ln(alpha / 2) / 2 * (1 / n + 1 / m)). Buckets hide
differences inside them, never make any: what is found is there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from slo.power import ALPHA
from workbench.domain.wilson import wilson


class Comparison(StrEnum):
    """What two samples say about each other."""

    WORSE = "worse"
    BETTER = "better"
    ALIKE = "no difference shown"


@dataclass(frozen=True)
class Difference:
    """Candidate minus baseline: the difference, its interval (or the least that would be shown), and what it means."""

    value: float
    low: float
    high: float
    says: Comparison


def shares(candidate: tuple[int, int], baseline: tuple[int, int], *, z: float) -> Difference:
    """Compare the shares of bad events, each given as (bad, total)."""
    (bad_1, total_1), (bad_2, total_2) = candidate, baseline
    if not total_1 or not total_2:
        return Difference(0.0, -1.0, 1.0, Comparison.ALIKE)
    one, two = wilson(bad_1, total_1, z=z), wilson(bad_2, total_2, z=z)
    share_1, share_2 = bad_1 / total_1, bad_2 / total_2
    difference = share_1 - share_2
    low = difference - math.hypot(share_1 - one.low, two.high - share_2)
    high = difference + math.hypot(one.high - share_1, share_2 - two.low)
    return Difference(difference, low, high, _says(low, high))


def distributions(candidate: Mapping[float, float], baseline: Mapping[float, float]) -> Difference:
    """Compare two cumulative histograms, counts by upper bound, +Inf among them.

    The value is the largest amount by which the candidate's share of quick requests falls short of the baseline's at
    any bound (positive), or exceeds it (negative).
    """
    total_1, total_2 = candidate.get(math.inf, 0.0), baseline.get(math.inf, 0.0)
    if total_1 <= 0 or total_2 <= 0:
        return Difference(0.0, -1.0, 1.0, Comparison.ALIKE)
    gaps = [baseline[bound] / total_2 - candidate[bound] / total_1 for bound in candidate.keys() & baseline.keys()]
    value = max(gaps, key=abs, default=0.0)
    noise = math.sqrt(-math.log(ALPHA / 2) / 2 * (1 / total_1 + 1 / total_2))
    return Difference(value, value - noise, value + noise, _says(value - noise, value + noise))


def _says(low: float, high: float) -> Comparison:
    if low > 0:
        return Comparison.WORSE
    return Comparison.BETTER if high < 0 else Comparison.ALIKE
