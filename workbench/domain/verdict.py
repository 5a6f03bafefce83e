"""Verdicts: what a count of bad requests says about an allowance, and what several verdicts say together.

PASS only if the upper end of the interval of the bad share is below the allowance; FAIL if its lower end is above;
otherwise INCONCLUSIVE: more requests are needed. A failed precondition makes everything INCONCLUSIVE, a breach too,
because figures that cannot be trusted prove nothing in either direction. No requests, no PASS.
"""

from collections.abc import Iterable
from enum import StrEnum

from workbench.domain.wilson import Z_95, wilson


class Verdict(StrEnum):
    """What a gate says."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


def judge_share(bad: int, total: int, allowance: float, *, z: float = Z_95) -> Verdict:
    """Judge `bad` of `total` requests against the allowed share of bad ones (0.05 for an objective of 95 %).

    `z` is the normal quantile of the interval's upper end.
    """
    interval = wilson(bad, total, z=z)
    if interval.high < allowance:
        return Verdict.PASS
    if interval.low > allowance:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE


def overall(verdicts: Iterable[Verdict], *, trusted: bool) -> Verdict:
    """Return the verdict on everything: one breach breaks it, one doubt leaves it open; without any it is open."""
    every = list(verdicts)
    if not trusted or not every:
        return Verdict.INCONCLUSIVE
    if Verdict.FAIL in every:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in every else Verdict.PASS
