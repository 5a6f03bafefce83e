"""How long each step of a benchmark takes: one value, in a full and a quick edition.

Contract: all durations are seconds, all rates requests a second. The quick edition answers "does it still work, and
is anything absurd?" within about two minutes; its figures are marked as quick and are not for the documentation.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """Lengths and rates of one benchmark run.

    `step_s` is how long the capacity search holds a rate; it moves between `rate_rps` and `limit_rps` and stops when it
    knows the answer to within `resolution_rps`. `searches_capacity` is false in the quick edition.
    """

    rate_rps: float = 100.0
    warmup_s: float = 10.0
    duration_s: float = 60.0
    step_warmup_s: float = 3.0
    step_s: float = 15.0
    resolution_rps: float = 25.0
    limit_rps: float = 1600.0
    searches_capacity: bool = True
    quick: bool = False


FULL = BenchPlan()
QUICK = BenchPlan(warmup_s=2.0, duration_s=8.0, step_warmup_s=1.0, step_s=5.0, searches_capacity=False, quick=True)
