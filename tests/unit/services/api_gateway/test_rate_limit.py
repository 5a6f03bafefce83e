"""The limiter's decisions, with a fake Redis that answers, refuses or has lost its scripts."""

import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from services.api_gateway.rate_limit import Limit, RateLimiter
from services.common.breaker import CircuitBreaker
from services.common.errors import TooManyRequestsError

LIMIT = Limit(per_s=100, burst=10)


class FakeRedis:
    """Answers `waits` in turn (microseconds, or an error to raise)."""

    def __init__(self, *waits: int | Exception) -> None:
        self.waits = list(waits)
        self.loads = 0
        self.asked: list[tuple[str, ...]] = []

    async def script_load(self, script: str) -> str:
        assert "GET" in script
        self.loads += 1
        return f"sha{self.loads}"

    async def evalsha(self, sha: str, numkeys: int, *keys_and_args: str) -> int:
        assert (sha, numkeys) == (f"sha{self.loads}", 1)
        self.asked.append(keys_and_args)
        wait = self.waits.pop(0)
        if isinstance(wait, Exception):
            raise wait
        return wait


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def limiter_on(
    redis: FakeRedis | None, registry: CollectorRegistry, breaker: CircuitBreaker | None = None
) -> RateLimiter:
    return RateLimiter(redis, decisions=Counter("decisions", "x", ["result"], registry=registry), breaker=breaker)


def _count(registry: CollectorRegistry, result: str) -> float | None:
    return registry.get_sample_value("decisions_total", {"result": result})


async def test_no_wait_is_allowed(registry: CollectorRegistry) -> None:
    redis = FakeRedis(0)
    await limiter_on(redis, registry).check("read:ada", LIMIT)
    assert _count(registry, "allowed") == 1
    assert redis.asked == [("rate:read:ada", "10000.000", "100000.000")]


@pytest.mark.parametrize(("wait_us", "retry_after_s"), [(1, 1), (1_000_000, 1), (1_000_001, 2)])
async def test_a_wait_is_a_refusal_in_whole_seconds(
    registry: CollectorRegistry, wait_us: int, retry_after_s: int
) -> None:
    with pytest.raises(TooManyRequestsError) as caught:
        await limiter_on(FakeRedis(wait_us), registry).check("a", LIMIT)
    assert caught.value.retry_after_s == retry_after_s
    assert _count(registry, "limited") == 1


async def test_no_redis_at_all_is_open(registry: CollectorRegistry) -> None:
    await limiter_on(None, registry).check("a", LIMIT)
    assert _count(registry, "open") == 1


@pytest.mark.parametrize("failure", [RedisConnectionError("x"), TimeoutError(), OSError()], ids=repr)
async def test_a_redis_that_fails_is_open(registry: CollectorRegistry, failure: Exception) -> None:
    await limiter_on(FakeRedis(failure), registry).check("a", LIMIT)
    assert _count(registry, "open") == 1


async def test_after_failures_in_a_row_redis_is_not_asked_for_a_while(registry: CollectorRegistry) -> None:
    now = 0.0
    redis = FakeRedis(OSError(), OSError(), 0)
    limiter = limiter_on(redis, registry, CircuitBreaker(failures=2, open_s=1.0, clock=lambda: now))
    for _ in range(10):
        await limiter.check("a", LIMIT)
    assert len(redis.asked) == 2
    now = 1.5
    await limiter.check("a", LIMIT)
    assert _count(registry, "allowed") == 1
    assert _count(registry, "open") == 10


async def test_lost_scripts_are_loaded_again(registry: CollectorRegistry) -> None:
    redis = FakeRedis(NoScriptError(), 0)
    await limiter_on(redis, registry).check("a", LIMIT)
    assert redis.loads == 2
    assert _count(registry, "allowed") == 1
