"""Pages of a list live and die with their generation, whatever Redis does; a fake Redis that can fail stands in."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from services.common.breaker import CircuitBreaker
from services.common.cache import Cache
from services.common.telemetry.metrics import ServiceMetrics


class FakeRedis:
    """GET and SET over a dictionary; `down` refuses both."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.down = False

    async def get(self, name: str) -> bytes | None:
        self._reach()
        return self.values.get(name)

    async def set(self, name: str, value: bytes, *, ex: int, nx: bool = False) -> bool | None:
        self._reach()
        assert ex > 0
        if nx and name in self.values:
            return None
        self.values[name] = value
        return True

    def _reach(self) -> None:
        if self.down:
            raise RedisConnectionError("down")


class Database:
    """Counts what is asked, and answers the newest value."""

    def __init__(self) -> None:
        self.value = b"old"
        self.queries = 0
        self.asked = asyncio.Event()

    async def load(self) -> bytes:
        self.queries += 1
        value = self.value
        self.asked.set()
        await asyncio.sleep(0)
        return value


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
def database() -> Database:
    return Database()


def cache_on(redis: FakeRedis | None) -> Cache:
    metrics = ServiceMetrics(service="test", version="1")
    # Never opens: these tests are about generations, the breaker has its own.
    breaker = CircuitBreaker(failures=1_000_000)
    return Cache(redis, metrics=metrics, breaker=breaker)


async def read(cache: Cache, database: Database, key: str = "p1") -> bytes | None:
    return await cache.get_or_load_page("posts", key, database.load, ttl_s=30)


async def test_the_second_reader_of_a_page_asks_no_database(redis: FakeRedis, database: Database) -> None:
    cache = cache_on(redis)
    assert [await read(cache, database), await read(cache, database)] == [b"old", b"old"]
    assert database.queries == 1


async def test_a_renewal_drops_every_page_for_every_process(redis: FakeRedis, database: Database) -> None:
    writer, reader = cache_on(redis), cache_on(redis)
    await read(reader, database, "p1")
    await read(reader, database, "p2")
    database.value = b"new"
    await writer.renew("posts")
    assert [await read(reader, database, key) for key in ("p1", "p2")] == [b"new", b"new"]


async def test_a_lost_token_never_brings_an_old_page_back(redis: FakeRedis, database: Database) -> None:
    cache = cache_on(redis)
    await read(cache, database)
    database.value = b"new"
    await cache.renew("posts")
    del redis.values["posts:generation"]
    assert await read(cache, database) == b"new"


async def test_a_reader_from_before_the_renewal_fills_what_nobody_reads(redis: FakeRedis, database: Database) -> None:
    cache = cache_on(redis)
    slow = asyncio.create_task(read(cache, database))
    await database.asked.wait()
    database.value = b"new"
    await cache.renew("posts")
    assert await slow == b"old"
    assert await read(cache, database) == b"new"


async def test_a_renewal_that_redis_did_not_take_blocks_the_cache_until_it_does(
    redis: FakeRedis, database: Database
) -> None:
    cache = cache_on(redis)
    await read(cache, database)
    database.value = b"new"
    redis.down = True
    await cache.renew("posts")
    assert await read(cache, database) == b"new"
    redis.down = False
    assert await read(cache, database) == b"new"
    assert await read(cache_on(redis), database) == b"new"


async def test_without_redis_simultaneous_readers_share_a_query_but_not_with_those_before_a_write(
    database: Database,
) -> None:
    cache = cache_on(None)
    early = [asyncio.create_task(read(cache, database)) for _ in range(5)]
    await database.asked.wait()
    database.value = b"new"
    await cache.renew("posts")
    assert await read(cache, database) == b"new"
    assert set(await asyncio.gather(*early)) == {b"old"}
    assert database.queries == 2
