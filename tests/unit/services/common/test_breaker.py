"""The circuit breaker against a clock of the test's own."""

from services.common.breaker import CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=2, open_s=1.0, clock=clock)
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = CircuitBreaker(failures=2, clock=Clock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()

    assert breaker.allows()


def test_open_it_lets_one_call_try_after_the_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert not breaker.allows()

    clock.now = 1.0

    assert [breaker.allows(), breaker.allows()] == [True, False]


def test_a_successful_try_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 1.0
    assert breaker.allows()
    breaker.succeeded()

    assert [breaker.allows(), breaker.allows(), breaker.is_open] == [True, True, False]


def test_a_failed_try_keeps_it_open_for_another_period() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 1.0
    assert breaker.allows()
    breaker.failed()

    clock.now = 1.9
    assert not breaker.allows()
    clock.now = 2.0
    assert breaker.allows()
