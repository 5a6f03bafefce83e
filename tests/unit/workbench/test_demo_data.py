"""The demo data is loaded once, completed after a crash, never duplicated; a fake API stands in for the platform."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from chaos.load.population import demo_posts, demo_users
from workbench import demo_data
from workbench.demo_data import CONCURRENCY, MARKER, DemoDataError, Loaded, load_demo_data

URL = "http://demo.test"


@dataclass
class FakeApi:
    """Register, log in, list and publish, as the public API does it; `fail` answers something else first."""

    accounts: dict[str, str] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    failures: list[httpx.Response | httpx.TransportError] = field(default_factory=list)
    refuse_after: int | None = None
    in_flight: int = 0
    most_in_flight: int = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)  # as the network does: let the others begin
            return self._answer(request)
        finally:
            self.in_flight -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, httpx.TransportError):
                raise failure
            return failure
        body = json.loads(request.content) if request.content else {}
        match request.method, request.url.path:
            case "POST", "/v1/auth/register" if body["handle"] in self.accounts:
                return httpx.Response(409)
            case "POST", "/v1/auth/register":
                self.accounts[body["handle"]] = body["password"]
                return httpx.Response(201, json={"access_token": body["handle"]})
            case "POST", "/v1/auth/login":
                handle = body["email"].split("@")[0]
                right = self.accounts.get(handle) == body["password"]
                return httpx.Response(200, json={"access_token": handle}) if right else httpx.Response(401)
            case "POST", "/v1/posts":
                return self._publish(request.headers["authorization"].removeprefix("Bearer "), body)
            case _:
                return self._page(dict(request.url.params))

    def _publish(self, handle: str, body: dict[str, Any]) -> httpx.Response:
        if self.refuse_after is not None and len(self.posts) >= self.refuse_after:
            return httpx.Response(403, text="no more")
        excerpt = body["body"][:240]
        self.posts.append({**body, "excerpt": excerpt, "author": {"handle": handle}})
        return httpx.Response(201, json={})

    def _page(self, query: dict[str, str]) -> httpx.Response:
        wanted = [
            post
            for post in self.posts
            if query.get("author", post["author"]["handle"]) == post["author"]["handle"]
            and query.get("tag", post["tags"][0]) in post["tags"]
        ]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        more = start + limit < len(wanted)
        return httpx.Response(
            200, json={"items": wanted[start : start + limit], "next_cursor": str(start + limit) if more else None}
        )

    async def load(self, posts: int = 30) -> Loaded:
        return await load_demo_data(URL, posts=posts, transport=httpx.MockTransport(self))


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_data, "_FIRST_PAUSE_S", 0.0)


async def test_an_empty_platform_gets_all_users_and_posts() -> None:
    api = FakeApi()
    assert await api.load(30) == Loaded(users=len(demo_users()), posts=31, already_there=False)
    assert api.accounts == {user.handle: user.password for user in demo_users()}
    assert {post["title"] for post in api.posts[:-1]} == {post.title for post in demo_posts(30)}
    assert api.posts[-1]["title"] == MARKER.title


async def test_the_second_call_asks_once_and_writes_nothing() -> None:
    api = FakeApi()
    await api.load()
    api.requests.clear()
    assert await api.load() == Loaded(users=0, posts=0, already_there=True)
    assert [request.method for request in api.requests] == ["GET"]


async def test_after_a_crash_only_the_missing_posts_are_added() -> None:
    api = FakeApi(refuse_after=150)
    with pytest.raises(DemoDataError):
        await api.load(160)
    assert len(api.posts) == 150
    api.refuse_after = None
    assert await api.load(160) == Loaded(users=len(demo_users()), posts=11, already_there=False)
    assert len(api.posts) == 161
    assert len({(post["title"], post["body"]) for post in api.posts}) == 161


async def test_every_post_has_an_idempotency_key_of_its_own() -> None:
    api = FakeApi()
    await api.load(30)
    written = [request for request in api.requests if (request.method, request.url.path) == ("POST", "/v1/posts")]
    keys = [request.headers["idempotency-key"] for request in written]
    assert len(keys) == len(set(keys)) == 31


async def test_requests_in_flight_are_bounded() -> None:
    api = FakeApi()
    await api.load(60)
    assert 1 < api.most_in_flight <= CONCURRENCY


@pytest.mark.parametrize(
    "failure", [httpx.Response(503), httpx.Response(429), httpx.ConnectError("refused")], ids=["503", "429", "refused"]
)
async def test_a_platform_that_is_still_starting_is_asked_again(failure: httpx.Response | httpx.TransportError) -> None:
    api = FakeApi(failures=[failure, failure])
    assert (await api.load()).posts == 31


async def test_a_platform_that_never_answers_is_an_error_that_says_where() -> None:
    api = FakeApi(failures=[httpx.ConnectError("refused") for _ in range(6)])
    with pytest.raises(DemoDataError, match=r"GET http://demo\.test/v1/posts.*ConnectError") as caught:
        await api.load()
    assert "titanium status" in caught.value.hint


async def test_a_refusal_is_not_repeated_and_says_what_was_answered() -> None:
    api = FakeApi(failures=[httpx.Response(403, text="no")])
    with pytest.raises(DemoDataError, match="answered 403: no"):
        await api.load()
    assert len(api.requests) == 1


async def test_progress_counts_every_post() -> None:
    seen: list[tuple[int, int]] = []
    transport = httpx.MockTransport(FakeApi())
    await load_demo_data(URL, posts=12, transport=transport, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(1, 13)]


async def test_the_host_header_is_the_one_that_the_ingress_wants() -> None:
    api = FakeApi()
    await load_demo_data(URL, host="blog.titanium.example", posts=1, transport=httpx.MockTransport(api))
    assert {request.headers["host"] for request in api.requests} == {"blog.titanium.example"}
