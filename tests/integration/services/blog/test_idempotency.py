"""Creating a post with an Idempotency-Key happens once, also when requests race and answers get lost."""

import asyncio
from typing import Any

import httpx

from tests.integration.conftest import Postgres
from tests.integration.services.blog.conftest import Blog, User

DRAFT = {"title": "Once", "body": "Only once.", "tags": ["python"]}


async def _post(blog: Blog, key: str, draft: dict[str, Any] | None = None, user: User | None = None) -> httpx.Response:
    headers = {**(user or blog.user).headers, "idempotency-key": key}
    return await blog.client.post("/v1/posts", json=draft or DRAFT, headers=headers)


async def test_a_repetition_gets_the_first_answer_and_publishes_nothing(blog: Blog) -> None:
    first, again = await _post(blog, "k1"), await _post(blog, "k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await blog.titles() == ["Once"]


async def test_ten_simultaneous_requests_publish_one_post(blog: Blog) -> None:
    responses = await asyncio.gather(*(_post(blog, "race") for _ in range(10)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["id"] for response in responses}) == 1
    assert await blog.titles() == ["Once"]


async def test_the_first_answer_is_kept_even_after_an_edit(blog: Blog) -> None:
    first = await _post(blog, "k1")
    await blog.client.patch(first.headers["location"], json={"title": "Changed"}, headers=blog.user.headers)
    assert (await _post(blog, "k1")).json() == first.json()


async def test_the_same_key_with_another_body_is_refused(blog: Blog) -> None:
    await _post(blog, "k1")
    response = await _post(blog, "k1", DRAFT | {"title": "Twice"})
    assert response.status_code == 422
    assert response.json()["type"].endswith("/idempotency-key-reused")
    assert await blog.titles() == ["Once"]


async def test_keys_belong_to_their_author(blog: Blog) -> None:
    first, other = await _post(blog, "k1"), await _post(blog, "k1", user=blog.other)
    assert first.json()["id"] != other.json()["id"]
    assert len(await blog.titles()) == 2


async def test_a_key_that_is_not_printable_ascii_is_refused(blog: Blog) -> None:
    response = await _post(blog, "with space")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/header/idempotency-key"


async def test_expired_keys_are_purged_by_later_requests(blog: Blog, postgres: Postgres, blog_url: str) -> None:
    await _post(blog, "old")
    database = blog_url.rsplit("/", 1)[1]
    postgres.psql("UPDATE idempotency_keys SET created_at = now() - interval '2 days'", database=database)
    await _post(blog, "new")
    assert postgres.psql("SELECT string_agg(key, ',') FROM idempotency_keys", database=database) == "new"
