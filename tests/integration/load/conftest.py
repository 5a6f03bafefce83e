"""A blog in one file that speaks the public API just well enough for the scenarios, and misbehaves on demand.

Fake, not mock: it keeps real state (posts, sessions), so a scenario that edits somebody else's post or refreshes
twice with one token fails here as it would there. It runs in a thread of the test's process, on a port of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from chaos.load.population import demo_posts, demo_users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_PORT = 23_500
_ports = itertools.count(FIRST_PORT)


class FakeBlog:
    """`before` runs in front of every request (number from 1, request) and may block, raise or return a response."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.requests = 0
        self.delay_s = 0.0
        self.hosts: set[str] = set()
        self.before: Callable[[int, web.Request], web.StreamResponse | None] = lambda _number, _request: None
        self.posts: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, str] = {}
        self._serials = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        for draft in demo_posts(60):
            self._store(draft.author, draft.title, draft.body, draft.tags)

    def start(self) -> None:
        """Serve until `stop`."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,))
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        """Close the port."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024).start())
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._misbehave])
        app.add_routes(
            [
                web.get("/v1/posts", self._list),
                web.post("/v1/posts", self._write),
                web.get("/v1/posts/{id}", self._read),
                web.patch("/v1/posts/{id}", self._edit),
                web.delete("/v1/posts/{id}", self._delete),
                web.post("/v1/auth/login", self._login),
                web.post("/v1/auth/refresh", self._refresh),
                web.get("/v1/users/me", self._me),
                web.get("/v1/users/{handle}", self._profile),
            ]
        )
        return app

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401  aiohttp's type
        self.requests += 1
        self.hosts.add(request.headers.get("Host", ""))
        if (instead := self.before(self.requests, request)) is not None:
            return instead
        await asyncio.sleep(self.delay_s)
        response: web.StreamResponse = await handler(request)
        return response

    def _store(self, author: str, title: str, body: str, tags: Any) -> dict[str, Any]:  # noqa: ANN401  list or tuple
        post_id = f"post-{next(self._serials)}"
        post = {"id": post_id, "author": {"id": f"user-{author}", "handle": author}, "title": title, "body": body}
        self.posts[post_id] = {**post, "tags": list(tags), "published_at": datetime.now(UTC).isoformat()}
        return self.posts[post_id]

    async def _list(self, request: web.Request) -> web.Response:
        tag, author = request.query.get("tag"), request.query.get("author")
        found = [
            post
            for post in reversed(self.posts.values())
            if (not tag or tag in post["tags"]) and (not author or author == post["author"]["handle"])
        ]
        start, limit = int(request.query.get("cursor", 0)), int(request.query["limit"])
        more = str(start + limit) if start + limit < len(found) else None
        return web.json_response({"items": found[start : start + limit], "next_cursor": more})

    async def _read(self, request: web.Request) -> web.Response:
        post = self.posts.get(request.match_info["id"])
        return web.json_response(post) if post else web.Response(status=404)

    async def _write(self, request: web.Request) -> web.Response:
        draft = await request.json()
        post = self._store(self._who(request), draft["title"], draft["body"], draft["tags"])
        return web.json_response(post, status=201)

    async def _edit(self, request: web.Request) -> web.Response:
        post = self._own(request)
        post.update(await request.json())
        return web.json_response(post)

    async def _delete(self, request: web.Request) -> web.Response:
        del self.posts[self._own(request)["id"]]
        return web.Response(status=204)

    def _own(self, request: web.Request) -> dict[str, Any]:
        post = self.posts.get(request.match_info["id"])
        if post is None:
            raise web.HTTPNotFound
        if post["author"]["handle"] != self._who(request):
            raise web.HTTPForbidden
        return post

    async def _login(self, request: web.Request) -> web.Response:
        asked = await request.json()
        for user in demo_users():
            if (user.email, user.password) == (asked["email"], asked["password"]):
                return self._tokens(user.handle)
        return web.Response(status=401)

    async def _refresh(self, request: web.Request) -> web.Response:
        handle = self.sessions.pop((await request.json())["refresh_token"], None)
        return self._tokens(handle) if handle else web.Response(status=401)

    def _tokens(self, handle: str) -> web.Response:
        refresh = f"refresh-{next(self._serials)}"
        self.sessions[refresh] = handle
        return web.json_response(
            {
                "access_token": f"head.{handle}.signature",
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": 900,
            }
        )

    def _who(self, request: web.Request) -> str:
        token = request.headers.get("Authorization", "")
        if not token.startswith("Bearer head."):
            raise web.HTTPUnauthorized
        return token.split(".")[1]

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response({"handle": self._who(request)})

    async def _profile(self, request: web.Request) -> web.Response:
        return web.json_response({"handle": request.match_info["handle"]})


@pytest.fixture
def blog() -> Iterator[FakeBlog]:
    fake = FakeBlog(next(_ports))
    fake.start()
    yield fake
    fake.stop()
