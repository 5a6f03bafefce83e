"""Whether this process should get traffic: ready while it is not stopping and its dependencies answer in time.

Only what a request cannot do without is a dependency: the database, not the cache. Liveness is not here: it touches
nothing, so that a slow database never gets a healthy process killed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Probe = Callable[[], Awaitable[None]]

# Below the probe's own timeout in the manifests (2 s), so that the answer names the slow dependency.
READINESS_DEADLINE_S = 0.8


@dataclass
class Health:
    """The readiness of one process; `stop()` turns it off for good."""

    probes: dict[str, Probe] = field(default_factory=dict)
    stopping: bool = False

    def stop(self) -> None:
        """Answer not ready from now on: the process is going away."""
        self.stopping = True

    async def failures(self) -> dict[str, str]:
        """Return what is in the way of serving, by name; empty = ready. Takes at most `READINESS_DEADLINE_S`."""
        if self.stopping:
            return {"process": "stopping"}
        # A probe may fail in any way, and each means "not ready": failures are results here.
        results = await asyncio.gather(*map(self._bounded, self.probes.values()), return_exceptions=True)
        failed = zip(self.probes, results, strict=True)
        return {name: _reason(result) for name, result in failed if isinstance(result, BaseException)}

    @staticmethod
    async def _bounded(probe: Probe) -> None:
        async with asyncio.timeout(READINESS_DEADLINE_S):
            await probe()


def _reason(error: BaseException) -> str:
    return f"no answer within {READINESS_DEADLINE_S} s" if isinstance(error, TimeoutError) else type(error).__name__
