"""How many more requests would decide, if the share of bad ones stayed what it was."""

from typing import Final

from workbench.domain.verdict import Verdict, judge_share

_MOST: Final = 10**9


def needed_in_all(bad: int, total: int, allowance: float, *, z: float) -> int | None:
    """Return the size of a sample with the same share of bad requests that decides; None when no sample would."""
    if total <= 0:
        return None

    def decides(size: int) -> bool:
        return judge_share(round(bad / total * size), size, allowance, z=z) is not Verdict.INCONCLUSIVE

    high = total
    while not decides(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def more_seconds(bad: int, total: int, allowance: float, *, z: float, rate: float) -> float | None:
    """Return for how much longer requests have to come at `rate` per second; 0 when it is decided, None for never."""
    size = needed_in_all(bad, total, allowance, z=z)
    return None if size is None or rate <= 0 else max(0.0, (size - total) / rate)
