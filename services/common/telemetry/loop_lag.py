"""Event-loop lag: how late timers fire, which is what every request of the process waits in addition."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from prometheus_client import Histogram

_INTERVAL_S = 0.25


@asynccontextmanager
async def watch_event_loop(lag: Histogram) -> AsyncIterator[None]:
    """Measure four times a second while the context is open."""
    task = asyncio.create_task(_measure(lag))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _measure(lag: Histogram) -> None:
    loop = asyncio.get_running_loop()
    while True:
        asked = loop.time() + _INTERVAL_S
        await asyncio.sleep(_INTERVAL_S)
        lag.observe(max(0.0, loop.time() - asked))
