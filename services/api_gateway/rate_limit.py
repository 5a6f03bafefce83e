"""The rate limit: GCRA (a token bucket kept as one time stamp) in Redis, decided by one script a request.

Contract: `check` raises `TooManyRequestsError` with the seconds to wait, or returns. Redis that is down, slow or a
black hole never refuses anybody: the limit is open and the decision is counted as such; a breaker bounds what asking
costs. Time is Redis' own, so that gateways need not agree on it.
"""

import math
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Counter
from redis.exceptions import NoScriptError, RedisError

from services.common.breaker import CircuitBreaker
from services.common.errors import TooManyRequestsError

# KEYS[1] = theoretical arrival time of the next request, in microseconds; ARGV = interval and burst, in microseconds.
# Returns 0 or the microseconds to wait. Brandur Leach, "Rate Limiting, Cells, and GCRA" (2015).
GCRA = """
local now = redis.call('TIME')
local t = now[1] * 1000000 + now[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), t) + interval
local wait = arrival - burst - t
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - t) / 1000))
return 0
"""


class ScriptRunner(Protocol):
    """The commands of Redis that the limit uses."""

    def script_load(self, script: str) -> Awaitable[str]: ...

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: str) -> Awaitable[int]: ...


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_s` requests a second in the long run, `burst` at once."""

    per_s: float
    burst: int

    def arguments(self) -> tuple[str, str]:
        """Return interval and burst in microseconds, as the script takes them."""
        interval = 1_000_000 / self.per_s
        return f"{interval:.3f}", f"{interval * self.burst:.3f}"


class RateLimiter:
    """Decides by caller and kind of request."""

    def __init__(
        self, redis: ScriptRunner | None, *, decisions: Counter, breaker: CircuitBreaker | None = None
    ) -> None:
        self._redis = redis
        self._allowed = decisions.labels("allowed")
        self._limited = decisions.labels("limited")
        self._open = decisions.labels("open")
        self._breaker = breaker or CircuitBreaker()
        self._sha: str | None = None

    async def check(self, name: str, limit: Limit) -> None:
        """Count one request of `name` against its limit.

        Raises:
            TooManyRequestsError: the caller has to wait.
        """
        wait_us = await self._ask(f"rate:{name}", limit)
        if wait_us is None:
            self._open.inc()
        elif wait_us > 0:
            self._limited.inc()
            raise TooManyRequestsError(retry_after_s=max(1, math.ceil(wait_us / 1_000_000)))
        else:
            self._allowed.inc()

    async def _ask(self, key: str, limit: Limit) -> int | None:
        """Return the microseconds to wait; None when Redis cannot say."""
        if self._redis is None or not self._breaker.allows():
            return None
        try:
            wait_us = await self._run(self._redis, key, limit)
        except (RedisError, OSError, TimeoutError):
            self._breaker.failed()
            return None
        self._breaker.succeeded()
        return wait_us

    async def _run(self, redis: ScriptRunner, key: str, limit: Limit) -> int:
        if self._sha is None:
            self._sha = await redis.script_load(GCRA)
        try:
            return await redis.evalsha(self._sha, 1, key, *limit.arguments())
        except NoScriptError:  # Redis was restarted: its scripts are gone
            self._sha = await redis.script_load(GCRA)
            return await redis.evalsha(self._sha, 1, key, *limit.arguments())
