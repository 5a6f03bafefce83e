"""How sure an interval must be, so that looking again, and looking at several objectives, does not buy a false verdict.

A run that decides nothing is made again. Each look at data is a chance to be wrong, and so is each objective. The error
that is allowed in all, `ALPHA` on each side, is therefore spent: half of it on the first look, half of the rest on the
second, and so on, in equal parts for the objectives. By Bonferroni's inequality the probability that a build exactly at
a limit ever passes is then at most ALPHA, however often the run is made again, and however the looks depend on each
other. (Alpha spending: K. K. G. Lan, D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70
(1983), 659-663; here with the geometric spending function.)
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from slo.power import ALPHA

_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Confidence:
    """A two-sided confidence level between 0 and 1, and the normal quantile of its upper end."""

    level: float
    z: float

    @classmethod
    def of(cls, *, look: int = 1, objectives: int = 1) -> "Confidence":
        """Return what is asked at the look of this number (1 is the first) at so many objectives.

        Raises:
            ValueError: there is no such look, or nothing to look at.
        """
        if look < 1 or objectives < 1:
            raise ValueError(f"look {look} at {objectives} objectives")
        each_side = ALPHA / (objectives * 2**look)
        return cls(1 - 2 * each_side, _NORMAL.inv_cdf(1 - each_side))
