"""Many readers at once against a real Valkey: waiting for a connection is not a failure of the cache."""

import asyncio
from typing import TYPE_CHECKING

from pydantic import SecretStr

from services.common.cache import Cache, connect_redis
from services.common.settings import ServiceSettings
from services.common.telemetry.metrics import ServiceMetrics

if TYPE_CHECKING:
    from tests.integration.conftest import Valkey


def _results(metrics: ServiceMetrics) -> dict[str, float]:
    samples = [sample for family in metrics.cache_requests.collect() for sample in family.samples]
    return {sample.labels["result"]: sample.value for sample in samples if sample.name.endswith("_total")}


async def test_a_burst_of_readers_opens_no_breaker(redis_url: str) -> None:
    metrics = ServiceMetrics(service="test", version="1")
    redis = connect_redis(ServiceSettings(redis_url=SecretStr(redis_url), redis_timeout_s=1.0))
    assert redis is not None
    cache = Cache.create(redis, metrics)

    async def load() -> bytes:
        await asyncio.sleep(0)
        return b"value"

    reads = [cache.get_or_load("burst", str(number % 100), load, ttl_s=30) for number in range(300)]
    assert set(await asyncio.gather(*reads)) == {b"value"}
    await redis.aclose()

    assert set(_results(metrics)) <= {"hit", "miss"}


async def test_a_black_hole_costs_the_first_reads_a_fifth_of_a_second_and_the_others_nothing(
    redis_url: str, valkey: "Valkey"
) -> None:
    metrics = ServiceMetrics(service="test", version="1")
    redis = connect_redis(ServiceSettings(redis_url=SecretStr(redis_url)))
    assert redis is not None
    cache = Cache.create(redis, metrics)
    valkey.pause()

    async def load() -> bytes:
        await asyncio.sleep(0)
        return b"value"

    started = asyncio.get_running_loop().time()
    for number in range(50):
        await cache.get_or_load("hole", str(number), load, ttl_s=30)
    seconds = asyncio.get_running_loop().time() - started
    valkey.resume()
    await redis.aclose()

    assert seconds < 1.5, "three failures of 0.2 s open the breaker"
    assert _results(metrics)["bypass"] >= 40
