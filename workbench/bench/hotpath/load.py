"""A minimal closed-loop HTTP client: N keep-alive connections, each sends the next request when the last is answered.

Contract: `saturate` returns how many answers of status 200 arrived inside the measured window, after a warm-up that
is not counted. Any other status, or a connection that breaks, is a `HotpathError`: a comparison of failing servers
says nothing. Closed loop is right here and only here: the question is CPU time per request at saturation, not what a
user waits for.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n"


class HotpathError(CannotDecideError):
    """A server under comparison did not answer as it must."""


@dataclass
class _Window:
    """Counts answers between `opens` and `closes` (monotonic seconds)."""

    opens: float
    closes: float
    answers: int = field(default=0)

    def count(self) -> bool:
        """Count one answer that arrived now; false once the window is over."""
        now = time.monotonic()
        self.answers += self.opens <= now < self.closes
        return now < self.closes


async def saturate(
    port: int, *, connections: int, warmup_s: float, seconds: float, at_start: Callable[[], None]
) -> int:
    """Keep `connections` busy and return the answers counted; `at_start` is called when the measured window opens."""
    opens = time.monotonic() + warmup_s
    window = _Window(opens, opens + seconds)
    asyncio.get_running_loop().call_later(warmup_s, at_start)
    try:
        await asyncio.gather(*(_keep_busy(port, window) for _ in range(connections)))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise HotpathError(f"the server on port {port} broke a connection: {error}") from error
    return window.answers


async def _keep_busy(port: int, window: _Window) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(_REQUEST)
            await _read_answer(reader)
            if not window.count():
                return
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise HotpathError(f"a server under comparison answered {head.splitlines()[0].decode()!r}")
    _, _, rest = head.partition(b"content-length:")
    if not rest:
        raise HotpathError("a server under comparison sent no content-length")
    await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
