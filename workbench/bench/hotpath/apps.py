"""The applications under comparison: an origin that answers at once, and a proxy hop over either HTTP client.

Contract: `origin` answers every GET with the same JSON document; `aiohttp_hop` and `httpx_hop` fetch it from the
address in `HOTPATH_ORIGIN` through one pooled client and pass status and body on. The hops are bare ASGI, so that
nothing but server and client is compared; `origin` is FastAPI, because that is what the services are.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import httpx
from fastapi import FastAPI

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Fetch = Callable[[], Awaitable[tuple[int, bytes]]]

ORIGIN_VARIABLE = "HOTPATH_ORIGIN"
CONNECTIONS = 100

origin = FastAPI(openapi_url=None)


@origin.get("/")
async def answer() -> dict[str, object]:
    """Answer with about the size of one blog post's metadata."""
    return {"id": 17, "title": "On measuring before deciding", "tags": ["latency", "slo"], "excerpt": "x" * 400}


class Hop:
    """One proxy hop: opens its client when the server starts, closes it when the server stops."""

    def __init__(self, connect: Callable[[str], tuple[Fetch, Callable[[], Awaitable[None]]]]) -> None:
        self._connect = connect
        self._fetch: Fetch | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._fetch is not None:
            status, body = await self._fetch()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._fetch, close = self._connect(os.environ[ORIGIN_VARIABLE])
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await close()
        await send({"type": "lifespan.shutdown.complete"})


def _aiohttp(url: str) -> tuple[Fetch, Callable[[], Awaitable[None]]]:
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))

    async def fetch() -> tuple[int, bytes]:
        async with session.get(url) as response:
            return response.status, await response.read()

    return fetch, session.close


def _httpx(url: str) -> tuple[Fetch, Callable[[], Awaitable[None]]]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.AsyncClient(limits=limits)

    async def fetch() -> tuple[int, bytes]:
        response = await client.get(url)
        return response.status_code, response.content

    return fetch, client.aclose


aiohttp_hop = Hop(_aiohttp)
httpx_hop = Hop(_httpx)
