"""The blog's cache: hits, misses, invalidation, races; Valkey healthy, dead and silent. Never an old answer."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from services.blog import repository
from services.blog.app import create_app
from services.blog.settings import BlogSettings
from tests.integration.conftest import OpenApp, Valkey
from tests.integration.services.blog.conftest import Blog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def _edit(blog: Blog, post: dict[str, Any], title: str) -> None:
    response = await blog.client.patch(f"/v1/posts/{post['id']}", json={"title": title}, headers=blog.user.headers)
    assert response.status_code == 200


async def _title(blog: Blog, post: dict[str, Any]) -> str:
    response = await blog.client.get(f"/v1/posts/{post['id']}")
    assert response.status_code == 200, response.text
    title: str = response.json()["title"]
    return title


async def test_the_second_read_of_a_post_asks_no_database(blog: Blog) -> None:
    post = await blog.publish()
    first = await blog.client.get(f"/v1/posts/{post['id']}")
    second = await blog.client.get(f"/v1/posts/{post['id']}")
    assert blog.reads() == 1
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert blog.cache_results() == {"miss": 1, "hit": 1}


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/posts?tag=python&limit=5", "/v1/posts?author=ada", "/v1/tags"])
async def test_the_second_read_of_a_list_asks_no_database(blog: Blog, path: str) -> None:
    await blog.publish()
    blog.statements.clear()
    first, second = await blog.client.get(path), await blog.client.get(path)
    assert len(blog.statements) == 1
    assert first.content == second.content


async def test_a_write_changes_every_list_and_the_post_at_once(blog: Blog) -> None:
    post = await blog.publish("Old")
    for query in ("", "?tag=python", "?author=ada", "?limit=1"):
        assert await blog.titles(query) == ["Old"]
    assert await _title(blog, post) == "Old"
    await _edit(blog, post, "New")
    for query in ("", "?tag=python", "?author=ada", "?limit=1"):
        assert await blog.titles(query) == ["New"]
    assert await _title(blog, post) == "New"


async def test_a_refused_write_leaves_the_cache_alone(blog: Blog) -> None:
    post = await blog.publish()
    await blog.titles()
    await _title(blog, post)
    blog.statements.clear()
    refused = await blog.client.delete(f"/v1/posts/{post['id']}", headers=blog.other.headers)
    assert refused.status_code == 403
    await blog.titles()
    await _title(blog, post)
    assert blog.reads() == 0


async def test_fifty_simultaneous_readers_cost_one_query(blog: Blog) -> None:
    post = await blog.publish()
    blog.statements.clear()
    assert set(await asyncio.gather(*(_title(blog, post) for _ in range(50)))) == {"A title"}
    assert blog.reads() == 1


async def test_fifty_simultaneous_readers_of_a_list_cost_one_query(blog: Blog) -> None:
    await blog.publish()
    await blog.titles("?limit=7")  # the generation's token is there
    blog.statements.clear()
    await asyncio.gather(*(blog.titles() for _ in range(50)))
    assert blog.reads() == 1


class SlowReader:
    """Holds a read between the query and the refill of the cache, which is where races are lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.has_read, self.may_go_on = asyncio.Event(), asyncio.Event()
        original: Callable[..., Awaitable[object]] = getattr(repository, name)
        self._first = True

        async def slow(*arguments: object, **options: object) -> object:
            rows = await original(*arguments, **options)
            if self._first:
                self._first = False
                self.has_read.set()
                await self.may_go_on.wait()
            return rows

        monkeypatch.setattr(repository, name, slow)


async def test_a_slow_reader_does_not_bring_an_old_post_back(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await blog.publish("Old")
    slow = SlowReader(monkeypatch, "find_post")
    reader = asyncio.create_task(_title(blog, post))
    await slow.has_read.wait()
    await _edit(blog, post, "New")
    assert await _title(blog, post) == "New"
    slow.may_go_on.set()
    await reader
    assert await _title(blog, post) == "New"


async def test_a_slow_reader_does_not_bring_an_old_list_back(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await blog.publish("Old")
    slow = SlowReader(monkeypatch, "find_page")
    reader = asyncio.create_task(blog.titles())
    await slow.has_read.wait()
    await _edit(blog, post, "New")
    assert await blog.titles() == ["New"]
    slow.may_go_on.set()
    assert await reader == ["Old"]
    assert await blog.titles() == ["New"]


async def test_a_valkey_that_dies_and_returns_never_shows_an_old_answer(blog: Blog, valkey: Valkey) -> None:
    post = await blog.publish("Old")
    assert (await _title(blog, post), await blog.titles()) == ("Old", ["Old"])
    valkey.kill()
    assert (await _title(blog, post), await blog.titles()) == ("Old", ["Old"])
    await _edit(blog, post, "New")
    assert (await _title(blog, post), await blog.titles()) == ("New", ["New"])
    valkey.start()
    deadline = time.monotonic() + 5
    hits = blog.cache_results().get("hit", 0)
    while blog.cache_results().get("hit", 0) == hits:  # the breaker closes, the cache fills
        assert time.monotonic() < deadline
        assert (await _title(blog, post), await blog.titles()) == ("New", ["New"])
        await asyncio.sleep(0.05)


async def test_an_edit_while_valkey_is_silent_is_seen_when_it_speaks_again(blog: Blog, valkey: Valkey) -> None:
    post = await blog.publish("Old")
    assert (await _title(blog, post), await blog.titles()) == ("Old", ["Old"])
    valkey.pause()  # keeps the old values, unlike a killed one
    try:
        await _edit(blog, post, "New")
        assert (await _title(blog, post), await blog.titles()) == ("New", ["New"])
    finally:
        valkey.resume()
    ends = time.monotonic() + 1.5  # the breaker's second, and then some
    while time.monotonic() < ends:
        assert (await _title(blog, post), await blog.titles()) == ("New", ["New"])
        await asyncio.sleep(0.05)
    assert blog.cache_results()["hit"] > 0


async def test_a_silent_valkey_costs_three_time_outs_and_then_nothing(blog: Blog, valkey: Valkey) -> None:
    post = await blog.publish()
    valkey.pause()
    try:
        for _ in range(4):
            await _title(blog, post)
        started = time.monotonic()
        for _ in range(20):
            assert await _title(blog, post) == "A title"
        # At most one attempt of 0.2 s in that second; without the breaker it would be 20.
        assert time.monotonic() - started < 1.0
    finally:
        valkey.resume()
    assert blog.cache_results()["bypass"] >= 10


async def test_another_process_sees_an_edit_at_once(blog: Blog, settings: BlogSettings, open_app: OpenApp) -> None:
    post = await blog.publish("Old")
    async with open_app(create_app(settings)) as other:
        path = f"/v1/posts/{post['id']}"
        assert (await other.get(path)).json()["title"] == "Old"
        assert (await other.get("/v1/posts")).json()["items"][0]["title"] == "Old"
        await _edit(blog, post, "New")
        assert (await other.get(path)).json()["title"] == "New"
        assert (await other.get("/v1/posts")).json()["items"][0]["title"] == "New"
