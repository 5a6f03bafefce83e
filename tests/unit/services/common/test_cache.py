"""The cache over a fake Redis that can fail, stall and be looked into."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from services.common.breaker import CircuitBreaker
from services.common.cache import Cache
from services.common.telemetry.metrics import ServiceMetrics


class FakeRedis:
    """The commands that the cache uses, over a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.ttls: dict[str, int] = {}
        self.down = False
        self.calls = 0

    async def get(self, name: str) -> bytes | None:
        self._call()
        return self.values.get(name)

    async def set(self, name: str, value: bytes, *, ex: int, nx: bool = False) -> object:
        self._call()
        if nx and name in self.values:
            return None
        self.values[name], self.ttls[name] = value, ex
        return True

    def _call(self) -> None:
        self.calls += 1
        if self.down:
            raise RedisConnectionError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> ServiceMetrics:
    return ServiceMetrics(service="test", version="1")


@pytest.fixture
def cache(redis: FakeRedis, clock: Clock, metrics: ServiceMetrics) -> Cache:
    return Cache(
        redis,
        metrics=metrics,
        breaker=CircuitBreaker(failures=3, open_s=1.0, clock=clock),
    )


def returning(value: bytes | None, calls: list[int] | None = None) -> Callable[[], Awaitable[bytes | None]]:
    async def load() -> bytes | None:
        await asyncio.sleep(0)
        if calls is not None:
            calls.append(1)
        return value

    return load


def results(metrics: ServiceMetrics) -> dict[str, float]:
    samples = [sample for family in metrics.cache_requests.collect() for sample in family.samples]
    return {s.labels["result"]: s.value for s in samples if s.name.endswith("_total")}


async def test_the_second_read_is_a_hit_with_the_ttl_of_the_first(
    cache: Cache, redis: FakeRedis, metrics: ServiceMetrics
) -> None:
    assert await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30) == b"one"
    assert await cache.get_or_load("post", "1", returning(b"changed"), ttl_s=30) == b"one"

    assert 27 <= redis.ttls["post:1"] <= 33, "jittered, so that entries do not expire together"
    assert results(metrics) == {"miss": 1, "hit": 1}


async def test_the_age_of_every_answer_is_counted(
    cache: Cache, metrics: ServiceMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("services.common.cache.time", lambda: now[0])
    await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30)
    now[0] += 12.0
    await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30)
    age = metrics.registry.get_sample_value

    assert age("cache_age_seconds_count", {"cache": "post"}) == 2
    assert age("cache_age_seconds_sum", {"cache": "post"}) == 12


async def test_what_another_release_has_stored_is_not_there(cache: Cache, redis: FakeRedis) -> None:
    redis.values["post:1"] = b'{"an": "older format"}'
    assert await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30) == b"one"


async def test_what_does_not_exist_is_not_kept(cache: Cache, redis: FakeRedis) -> None:
    assert await cache.get_or_load("post", "1", returning(None), ttl_s=30) is None
    assert redis.values == {}


async def test_readers_at_the_same_time_share_one_load(cache: Cache) -> None:
    calls: list[int] = []
    reads = [cache.get_or_load("post", "1", returning(b"one", calls), ttl_s=30) for _ in range(20)]

    assert await asyncio.gather(*reads) == [b"one"] * 20
    assert len(calls) == 1


async def test_a_reader_that_goes_away_does_not_take_the_load_from_the_others(cache: Cache) -> None:
    release = asyncio.Event()

    async def load() -> bytes:
        await release.wait()
        return b"one"

    first = asyncio.create_task(cache.get_or_load("post", "1", load, ttl_s=30))
    second = asyncio.create_task(cache.get_or_load("post", "1", load, ttl_s=30))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    release.set()

    assert await second == b"one"


async def test_an_error_of_the_load_reaches_every_reader_and_is_not_kept(cache: Cache) -> None:
    async def load() -> bytes:
        await asyncio.sleep(0)
        raise LookupError

    outcomes = await asyncio.gather(
        *(cache.get_or_load("post", "1", load, ttl_s=30) for _ in range(3)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [LookupError] * 3
    assert await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30) == b"one"


async def test_a_slow_reader_cannot_bring_an_old_value_back(cache: Cache, redis: FakeRedis) -> None:
    loaded, release = asyncio.Event(), asyncio.Event()

    async def slow() -> bytes:
        loaded.set()
        await release.wait()
        return b"old"

    reader = asyncio.create_task(cache.get_or_load("post", "1", slow, ttl_s=30))
    await loaded.wait()
    await cache.invalidate("post", "1")
    after_the_write = await cache.get_or_load("post", "1", returning(b"new"), ttl_s=30)
    release.set()

    assert await reader == b"old", "it began before the write"
    assert after_the_write == b"new", "whoever writes reads their write"
    assert redis.values["post:1"] == b"", "only the tombstone is kept"


async def test_without_redis_every_read_loads(metrics: ServiceMetrics) -> None:
    cache = Cache(None, metrics=metrics)

    assert await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30) == b"one"
    await cache.invalidate("post", "1")
    assert await cache.get_or_load("post", "1", returning(b"two"), ttl_s=30) == b"two"
    assert results(metrics) == {"bypass": 2}


async def test_a_redis_that_is_down_is_asked_three_times_and_then_left_alone(
    cache: Cache, redis: FakeRedis, metrics: ServiceMetrics
) -> None:
    redis.down = True
    for _ in range(10):
        assert await cache.get_or_load("post", "1", returning(b"one"), ttl_s=30) == b"one"

    assert redis.calls <= 4
    assert results(metrics)["bypass"] >= 7


async def test_an_invalidation_that_redis_missed_is_delivered_before_the_next_read(
    cache: Cache, redis: FakeRedis, clock: Clock
) -> None:
    await cache.get_or_load("post", "1", returning(b"old"), ttl_s=30)
    redis.down = True
    await cache.invalidate("post", "1")
    assert await cache.get_or_load("post", "1", returning(b"new"), ttl_s=30) == b"new"

    redis.down = False
    clock.now = 5.0

    assert await cache.get_or_load("post", "1", returning(b"new"), ttl_s=30) == b"new"
    assert redis.values["post:1"] == b""


async def test_after_more_lost_invalidations_than_fit_the_cache_is_not_read_until_all_old_values_have_expired(
    redis: FakeRedis, clock: Clock, metrics: ServiceMetrics
) -> None:
    breaker = CircuitBreaker(failures=3, open_s=1.0, clock=clock)
    cache = Cache(redis, metrics=metrics, breaker=breaker, pending_limit=2, clock=clock)
    for key in "abc":
        await cache.get_or_load("post", key, returning(b"old"), ttl_s=30)
    redis.down = True
    await cache.invalidate("post", "a", "b", "c")
    redis.down = False

    clock.now = 32.0
    assert [await cache.get_or_load("post", key, returning(b"new"), ttl_s=30) for key in "abc"] == [b"new"] * 3
