"""How an application is served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from services.common.server import uvicorn_config

if TYPE_CHECKING:
    from collections.abc import MutableMapping


def test_a_client_cannot_choose_its_address_by_a_header() -> None:
    seen: list[MutableMapping[str, Any]] = []

    async def app(scope: MutableMapping[str, Any], _receive: object, _send: object) -> None:
        seen.append(scope)

    async def nothing(*_: object) -> dict[str, Any]:
        return {}

    config = uvicorn_config(app, lifespan=False, drain_s=1)
    config.load()
    forwarded = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "client": ("127.0.0.1", 5000), "scheme": "http", "headers": forwarded}
    asyncio.run(config.loaded_app(scope, nothing, nothing))
    assert [(one["client"], one["scheme"]) for one in seen] == [(("127.0.0.1", 5000), "http")]
