"""How many events a run needs before it can tell an objective that is met from one that is missed.

A gate compares an interval around the observed share with the allowance. For a true share `p` that differs from the
allowance `a`, the interval lies on the right side with probability `power` when

    n >= ((z * sqrt(a (1 - a)) + z(power) * sqrt(p (1 - p))) / |a - p|)^2

the sample size of a one-sample test of a proportion: J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods for Rates
and Proportions", 3rd edition (2003), section 2.5.

The gate, a cluster's analysis and a chaos hypothesis are equally sure at a first look at one objective; how sure is
written here.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
ALPHA: Final = 0.01
"""The probability that a build exactly at a limit passes, or fails, over all looks and objectives."""
Z: Final = round(_NORMAL.inv_cdf(1 - ALPHA / 2), 3)
"""The standard errors asked at a first look, which spends half of ALPHA on each side: 2.576."""
POWER: Final = 0.95


def needed(allowance: float, true_share: float, *, z: float = Z, power: float = POWER) -> int:
    """Return how many events are needed to tell a true bad share from the allowance; both between 0 and 1.

    Raises:
        ValueError: they are equal, or no shares.
    """
    if not 0 < allowance < 1 or not 0 <= true_share <= 1 or true_share == allowance:
        raise ValueError(f"{true_share} cannot be told from an allowance of {allowance}")
    at_limit = z * math.sqrt(allowance * (1 - allowance))
    at_truth = _NORMAL.inv_cdf(power) * math.sqrt(true_share * (1 - true_share))
    return math.ceil(((at_limit + at_truth) / (allowance - true_share)) ** 2)


def duration_s(allowance: float, rate: float) -> int:
    """Return the seconds at `rate` events per second after which half the allowance passes and twice of it fails.

    Raises:
        ValueError: the rate is not positive.
    """
    if rate <= 0:
        raise ValueError(f"a rate of {rate} sends nothing")
    return math.ceil(max(needed(allowance, allowance / 2), needed(allowance, min(1.0, 2 * allowance))) / rate)
