"""The comparison of HTTP servers and clients, on servers of our own that live for a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from workbench.bench.hotpath.compare import Candidate, Load, compare
from workbench.bench.hotpath.load import HotpathError, saturate

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def saturate_a_server_that_answers(answer: bytes, at_start: Callable[[], None] = lambda: None) -> tuple[int, int]:
    """Return the answers counted and the requests seen by a server that always sends `answer`."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                seen += 1
                writer.write(answer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        counted = await saturate(port, connections=2, warmup_s=0.1, seconds=0.2, at_start=at_start)
    return counted, seen


async def test_answers_of_the_warm_up_are_not_counted() -> None:
    started: list[bool] = []
    counted, seen = await saturate_a_server_that_answers(GOOD, lambda: started.append(True))
    assert started == [True]
    assert 0 < counted < seen


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no content-length"),
    ],
)
async def test_a_server_that_does_not_answer_as_it_must_is_not_compared(answer: bytes, reason: str) -> None:
    with pytest.raises(HotpathError, match=reason):
        await saturate_a_server_that_answers(answer)


def test_both_clients_forward_and_what_is_not_installed_is_named() -> None:
    candidates = (
        Candidate("uvicorn", "aiohttp_hop"),
        Candidate("uvicorn", "httpx_hop"),
        Candidate("no_such_server", "origin"),
    )
    figures, missing = compare(candidates, Load(connections=2, warmup_s=0.2, seconds=0.5))
    assert [figure.name for figure in figures] == ["uvicorn, aiohttp hop", "uvicorn, httpx hop"]
    assert all(figure.rps > 0 and figure.cpu_us > 0 and figure.rss_mib > 0 for figure in figures)
    assert missing == ["no_such_server, origin"]
