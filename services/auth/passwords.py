"""argon2id in a bounded number of threads, with a queue that refuses instead of growing.

Hashing takes 40 ms of CPU; without a bound a burst of logins would take the processor from every other request. An
unknown user costs the same as a wrong password (a dummy hash is verified), so that timing tells nobody who exists.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter

from services.auth.errors import HashingSaturatedError
from services.auth.settings import AuthSettings

_Result = TypeVar("_Result")


class Passwords:
    """Hash and verify passwords; one a process."""

    def __init__(self, settings: AuthSettings, *, rejected: Counter) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_passes, memory_cost=settings.argon2_memory_kib, parallelism=1
        )
        self._threads = ThreadPoolExecutor(settings.argon2_threads, thread_name_prefix="argon2")
        self._free_places = settings.argon2_threads + settings.argon2_queue
        self._rejected = rejected
        self._dummy_hash = self._hasher.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises:
            HashingSaturatedError: too many are waiting.
        """
        return await self._run(partial(self._hasher.hash, password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether the password is right; None (an unknown user) takes as long and is never right.

        Raises:
            HashingSaturatedError: too many are waiting.
        """
        matches = await self._run(partial(self._matches, password, password_hash or self._dummy_hash))
        return matches and password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._free_places == 0:
            self._rejected.inc()
            raise HashingSaturatedError(retry_after_s=1)
        self._free_places -= 1
        future = self._threads.submit(work)
        loop = asyncio.get_running_loop()
        # Freed when the thread is done, not when the caller goes away: an abandoned hash still takes its time.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free_place))
        return await asyncio.wrap_future(future)

    def _free_place(self) -> None:
        self._free_places += 1

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
