"""Whether this process should get traffic: ready while it is not stopping and its dependencies answer in time.

Only what a request cannot do without is a dependency: the database, not the cache. Liveness is not here: it touches
nothing, so that a slow database never gets a healthy process killed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Probe = Callable[[], Awaitable[None]]

# Below the probe's own timeout of one second in the manifests, so that the answer names the slow dependency.
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
        results = await asyncio.gather(*(self._check(probe) for probe in self.probes.values()))
        return {name: result for name, result in zip(self.probes, results, strict=True) if result is not None}

    @staticmethod
    async def _check(probe: Probe) -> str | None:
        try:
            async with asyncio.timeout(READINESS_DEADLINE_S):
                await probe()
        except TimeoutError:
            return f"no answer within {READINESS_DEADLINE_S} s"
        except Exception as error:  # noqa: BLE001 - a probe may fail in any way; each means "not ready", by name
            return type(error).__name__
        return None
