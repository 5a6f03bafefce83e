"""What a verification does, in figures; one validated value."""

from dataclasses import dataclass
from typing import Final

from workbench.errors import UsageError

# 800 ms for a fifth of blog's requests, which are over four fifths of the mix: 16 % are slow where 5 % are allowed.
FAULT_SERVICE: Final = "blog"
FAULT_DELAY_MS: Final = 800
FAULT_PERCENT: Final = 20.0
CHECK_WARMUP_S: Final = 2.0


@dataclass(frozen=True)
class VerifyPlan:
    """Rates in requests a second, times in seconds. `limit_s` bounds the length of one run while it cannot decide."""

    rate_rps: float = 100.0
    duration_s: float = 60.0
    warmup_s: float = 10.0
    limit_s: float = 240.0
    check_s: float = 20.0
    """The length of the counter-check and of the recovery run."""

    def __post_init__(self) -> None:
        for option, value in (("--rate", self.rate_rps), ("--duration", self.duration_s), ("--check", self.check_s)):
            if not value > 0:
                raise UsageError(f"{option} {value:g}: expected a number above zero")
        if self.warmup_s < 0:
            raise UsageError(f"--warmup {self.warmup_s:g}: expected zero or more seconds")
        if self.limit_s < self.duration_s:
            raise UsageError(f"--limit {self.limit_s:g} is shorter than --duration {self.duration_s:g}")

    def durations(self, first_s: float) -> list[float]:
        """Return the lengths to try in turn: each twice the one before, the last one the limit."""
        lengths = [first_s]
        while lengths[-1] < self.limit_s:
            lengths.append(min(2 * lengths[-1], self.limit_s))
        return lengths
