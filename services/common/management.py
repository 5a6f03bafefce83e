"""The management port: /livez, /readyz, /metrics. It is never exposed by the mesh and needs no framework.

/metrics speaks OpenMetrics (with exemplars) to whoever asks for it, the Prometheus text format to everyone else.
"""

import json
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Receive, Scope, Send

from services.common.health import Health

Answer = tuple[int, str, bytes]
Handler = Callable[[Scope], Awaitable[Answer]]
_JSON = "application/json"


def create_management_app(health: Health, registry: CollectorRegistry) -> ASGIApp:
    """Return the ASGI application of the management port."""

    async def live(_scope: Scope) -> Answer:
        return 200, _JSON, b'{"status":"alive"}'

    async def ready(_scope: Scope) -> Answer:
        failures = await health.failures()
        if failures:
            return 503, _JSON, json.dumps({"status": "not ready", "failures": failures}).encode()
        return 200, _JSON, b'{"status":"ready"}'

    async def metrics(scope: Scope) -> Answer:
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        encode, content_type = choose_encoder(accept)
        return 200, content_type, encode(registry)

    routes: dict[str, Handler] = {"/livez": live, "/readyz": ready, "/metrics": metrics}

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        handler = routes.get(scope["path"])
        if handler is None:
            answer: Answer = (404, _JSON, b'{"status":"not found"}')
        elif scope["method"] not in {"GET", "HEAD"}:
            answer = (405, _JSON, b'{"status":"method not allowed"}')
        else:
            answer = await handler(scope)
        await _send(send, *answer)

    return app


async def _send(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
