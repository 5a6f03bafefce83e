"""A small circuit breaker: after some failures in a row, stop asking for a while, then let one call try."""

from collections.abc import Callable
from time import monotonic


class CircuitBreaker:
    """Closed (asks), open (does not ask until `open_s` seconds have passed), half-open (one call tries)."""

    def __init__(self, *, failures: int = 3, open_s: float = 1.0, clock: Callable[[], float] = monotonic) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def allows(self) -> bool:
        """Return whether to ask now; when half-open only the first caller of each period gets True."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._retry_at:
            return False
        self._retry_at = now + self._open_s
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._retry_at = self._clock() + self._open_s
