"""What a verification does, in figures; one validated value."""

from dataclasses import dataclass
from typing import Final

from chaos.load.plan import MAX_RATE_RPS
from workbench.errors import UsageError

# 800 ms for a fifth of blog's requests, which are over four fifths of the mix: 16 % are slow where 5 % are allowed.
FAULT_SERVICE: Final = "blog"
FAULT_DELAY_MS: Final = 800
FAULT_PERCENT: Final = 20.0
CHECK_WARMUP_S: Final = 2.0
# A day: whatever is longer is a slip of the keyboard.
LONGEST_S: Final = 86_400.0


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
        if not 0 < self.rate_rps <= MAX_RATE_RPS:
            raise UsageError(f"--rate {self.rate_rps:g}: expected a number above zero, up to {MAX_RATE_RPS:g}")
        for option, value in (("--duration", self.duration_s), ("--check", self.check_s), ("--limit", self.limit_s)):
            if not 0 < value <= LONGEST_S:
                raise UsageError(f"{option} {value:g}: expected seconds above zero, up to {LONGEST_S:g}")
        if not 0 <= self.warmup_s <= LONGEST_S:
            raise UsageError(f"--warmup {self.warmup_s:g}: expected zero or more seconds, up to {LONGEST_S:g}")
        if self.limit_s < self.duration_s:
            raise UsageError(f"--limit {self.limit_s:g} is shorter than --duration {self.duration_s:g}")

    def durations(self, first_s: float) -> list[float]:
        """Return the lengths to try in turn: each twice the one before, the last one the limit."""
        lengths = [first_s]
        while lengths[-1] < self.limit_s:
            lengths.append(min(2 * lengths[-1], self.limit_s))
        return lengths
