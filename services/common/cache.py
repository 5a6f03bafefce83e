"""A read-through cache in Redis that may be down, slow or empty without anybody noticing more than time.

No method raises for the sake of the cache. Three things keep it from being wrong:

* `invalidate` leaves a tombstone that outlives every load that could still hold the old row, and a refill never
  overwrites it, so that a slow reader cannot bring an old value back.
* An invalidation that Redis did not take is remembered; this process reads nothing from the cache before it has been
  delivered, or, when there were too many to remember, before every value of that time has expired. (Another replica,
  for which Redis never failed, may serve the old value until its TTL ends: keep it short.)
* Loads are single-flight per key; an invalidation detaches running loads, so that whoever writes reads their write.

What one write makes stale in many places (every page of a list) is kept under a *generation*: a random token in Redis
that is part of the keys, read before the load and replaced by `renew`. A slow reader fills the old generation, which
nobody reads again. Without Redis there is no token, and nothing but single-flight.

Every value is stored behind the time at which its load began, so that the age of what is answered can be measured.
"""

import asyncio
import random
import secrets
import struct
from collections.abc import Awaitable, Callable
from time import monotonic, time
from typing import Protocol, Self, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.common.breaker import CircuitBreaker
from services.common.settings import ServiceSettings
from services.common.telemetry.metrics import ServiceMetrics
from services.common.telemetry.registry import CacheResult

_TOMBSTONE = b""
# The format of a stored value and the time of its load. What has another format (of another release) is not there.
_STAMP = struct.Struct("!Bd")
_FORMAT = 1
# Longer than any load can hold an old row: statements end after 30 s at most, requests after 60 s.
TOMBSTONE_TTL_S = 60
_PENDING_LIMIT = 10_000
# A token may be lost at any time (the next is as good), but an hour saves most of the round trips that make one.
GENERATION_TTL_S = 3600
# Entries that were written together must not expire together.
_TTL_JITTER = 0.1

Load = Callable[[], Awaitable[bytes | None]]


def connect_redis(settings: ServiceSettings) -> Redis | None:
    """Return a client that fails within `REDIS_TIMEOUT_S` and never retries; None without REDIS_URL.

    redis-py's defaults retry with backoff: a refused connection costs 4.2 s a command, a black hole more than 20 s.
    """
    if settings.redis_url is None:
        return None
    # Blocking: a burst waits a moment for a connection instead of counting as a failure of Redis.
    pool = BlockingConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        timeout=settings.redis_timeout_s,
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=50,
    )
    return Redis.from_pool(pool)


class RedisStore(Protocol):
    """The commands that the cache uses."""

    def get(self, name: str) -> Awaitable[bytes | None]: ...

    def set(self, name: str, value: bytes, *, ex: int, nx: bool = False) -> Awaitable[object]: ...


class Cache:
    """Named caches in one Redis database; keys are `<cache>:<key>`."""

    def __init__(
        self,
        redis: RedisStore | None,
        *,
        metrics: ServiceMetrics,
        breaker: CircuitBreaker | None = None,
        pending_limit: int = _PENDING_LIMIT,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._redis = redis
        self._requests = metrics.cache_requests
        self._ages = metrics.cache_age
        self._breaker = breaker or CircuitBreaker()
        self._flights: dict[str, asyncio.Future[bytes | None]] = {}
        # What Redis has not taken yet: name -> value and time to live in seconds.
        self._pending: dict[str, tuple[bytes, int]] = {}
        self._renewals = 0
        self._pending_limit = pending_limit
        self._clock = clock
        self._longest_ttl_s = 0
        self._untrusted_until = float("-inf")

    @classmethod
    def create(cls, redis: Redis | None, metrics: ServiceMetrics) -> Self:
        # redis-py's commands are typed as "value or awaitable", because sync and async clients share them.
        return cls(cast("RedisStore | None", redis), metrics=metrics)

    async def get_or_load(self, cache: str, key: str, load: Load, *, ttl_s: int) -> bytes | None:
        """Return the cached bytes, or what `load` returns (kept for `ttl_s` seconds unless it is None).

        Callers that ask for a key while it is being loaded wait for that load; errors of `load` reach all of them.
        """
        name = f"{cache}:{key}"
        self._longest_ttl_s = max(self._longest_ttl_s, ttl_s)
        cached = await self._get(cache, name)
        return cached or await self._load(cache, name, lambda: self._fill(name, load, ttl_s))

    async def get_or_load_page(self, cache: str, key: str, load: Load, *, ttl_s: int) -> bytes | None:
        """Do as `get_or_load`, for an entry that `renew(cache)` makes stale together with every other of that cache."""
        token = await self._generation(cache)
        if token is None:
            # Renewals of this process count, so that whoever writes reads their write without Redis, too.
            return await self._load(cache, f"{cache}:without-redis-{self._renewals}:{key}", load)
        return await self.get_or_load(cache, f"{token.decode('latin-1')}:{key}", load, ttl_s=ttl_s)

    async def renew(self, cache: str) -> None:
        """Begin a new generation: no entry of the cache is read again; call it after the commit."""
        self._renewals += 1
        if self._redis is not None:
            self._pending[_generation_name(cache)] = (_new_token(), GENERATION_TTL_S)
        await self._deliver_pending()

    async def invalidate(self, cache: str, *keys: str) -> None:
        """Forget the keys; call it after the commit."""
        for key in keys:
            name = f"{cache}:{key}"
            self._flights.pop(name, None)
            self._remember(name)
        await self._deliver_pending()

    async def _load(self, cache: str, name: str, load: Load) -> bytes | None:
        value = await self._join(name, load)
        self._ages.labels(cache).observe(0.0)
        return value

    async def _join(self, name: str, load: Load) -> bytes | None:
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.ensure_future(load())
            self._flights[name] = flight
            flight.add_done_callback(lambda done: self._land(name, done))
        # Shielded: one caller that goes away must not take the load from the others.
        return await asyncio.shield(flight)

    async def _generation(self, cache: str) -> bytes | None:
        """Return the cache's current token, made if there is none; None when Redis cannot be asked."""
        if self._redis is None or self._clock() < self._untrusted_until or not self._breaker.allows():
            self._requests.labels(cache, CacheResult.BYPASS).inc()
            return None
        name = _generation_name(cache)
        if not self._pending or await self._deliver_pending(asked=True):
            try:
                # NX and a second GET: of two processes that find no token, both use the one that was first.
                token = await self._redis.get(name)
                if not token:
                    await self._redis.set(name, _new_token(), ex=GENERATION_TTL_S, nx=True)
                    token = await self._redis.get(name)
            except (RedisError, OSError, TimeoutError):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
                if token:
                    return token
        self._requests.labels(cache, CacheResult.ERROR).inc()
        return None

    async def _get(self, cache: str, name: str) -> bytes | None:
        if self._redis is None or self._clock() < self._untrusted_until or not self._breaker.allows():
            self._requests.labels(cache, CacheResult.BYPASS).inc()
            return None
        if self._pending and not await self._deliver_pending(asked=True):
            self._requests.labels(cache, CacheResult.ERROR).inc()
            return None
        found, result = await self._ask(self._redis, name)
        self._requests.labels(cache, result).inc()
        if found is None:
            return None
        loaded_at, value = found
        self._ages.labels(cache).observe(max(0.0, time() - loaded_at))
        return value

    async def _ask(self, redis: RedisStore, name: str) -> tuple[tuple[float, bytes] | None, CacheResult]:
        try:
            found = _opened(await redis.get(name))
        except (RedisError, OSError, TimeoutError):
            self._breaker.failed()
            return None, CacheResult.ERROR
        self._breaker.succeeded()
        return found, CacheResult.HIT if found else CacheResult.MISS

    async def _fill(self, name: str, load: Load, ttl_s: int) -> bytes | None:
        began = time()
        value = await load()
        if value and self._redis is not None and not self._breaker.is_open and name not in self._pending:
            try:
                await self._redis.set(name, _stamped(value, began), ex=_jittered(ttl_s), nx=True)
            except (RedisError, OSError, TimeoutError):
                self._breaker.failed()
        return value

    def _land(self, name: str, flight: asyncio.Future[bytes | None]) -> None:
        if self._flights.get(name) is flight:
            del self._flights[name]
        if not flight.cancelled():
            flight.exception()  # marks it as seen when every caller has gone away

    def _remember(self, name: str) -> None:
        if self._redis is None:
            return
        if name in self._pending or len(self._pending) < self._pending_limit:
            self._pending[name] = (_TOMBSTONE, TOMBSTONE_TTL_S)
        else:
            self._untrusted_until = self._clock() + self._longest_ttl_s * (1 + _TTL_JITTER)

    async def _deliver_pending(self, *, asked: bool = False) -> bool:
        """Write the tombstones that Redis has not taken yet; False when it still does not take them."""
        if self._redis is None:
            return True
        if not asked and not self._breaker.allows():
            return False
        for name, entry in list(self._pending.items()):
            try:
                await self._redis.set(name, entry[0], ex=entry[1])
            except (RedisError, OSError, TimeoutError):
                self._breaker.failed()
                return False
            # A newer token may have taken its place meanwhile; that one is delivered by whoever put it there.
            if self._pending.get(name) is entry:
                del self._pending[name]
        self._breaker.succeeded()
        return True


def _stamped(value: bytes, loaded_at: float) -> bytes:
    return _STAMP.pack(_FORMAT, loaded_at) + value


def _opened(stored: bytes | None) -> tuple[float, bytes] | None:
    """Return when a value was loaded (epoch seconds), and the value; None where there is none of ours."""
    if not stored or stored[0] != _FORMAT or len(stored) < _STAMP.size:
        return None
    return _STAMP.unpack_from(stored)[1], stored[_STAMP.size :]


def _generation_name(cache: str) -> str:
    return f"{cache}:generation"


def _new_token() -> bytes:
    # Never a counter: a counter that is lost starts again, and would bring the entries of its first round back.
    return secrets.token_hex(8).encode()


def _jittered(ttl_s: int) -> int:
    return max(1, round(ttl_s * random.uniform(1 - _TTL_JITTER, 1 + _TTL_JITTER)))  # noqa: S311 - spreads load, no secret
