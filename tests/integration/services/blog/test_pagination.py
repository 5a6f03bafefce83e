"""Pages of posts: complete, in order, stable while others publish and delete, and each from an index."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from services.blog import cursor as cursors
from services.blog import repository
from tests.integration.conftest import Postgres
from tests.integration.services.blog.conftest import Blog


async def _page(blog: Blog, query: str, cursor: str | None = None) -> dict[str, Any]:
    response = await blog.client.get(f"/v1/posts?{query}" + (f"&cursor={cursor}" if cursor else ""))
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


async def _all_titles(blog: Blog, query: str) -> list[str]:
    page = await _page(blog, query)
    titles = [item["title"] for item in page["items"]]
    while page["next_cursor"]:
        page = await _page(blog, query, page["next_cursor"])
        titles += [item["title"] for item in page["items"]]
    return titles


async def test_the_pages_together_are_every_post_newest_first(blog: Blog) -> None:
    for number in range(7):
        await blog.publish(f"Post {number}")
    newest_first = [f"Post {number}" for number in reversed(range(7))]
    assert await _all_titles(blog, "limit=3") == newest_first
    assert await _all_titles(blog, "limit=7") == newest_first


async def test_the_last_page_has_no_cursor(blog: Blog) -> None:
    for number in range(4):
        await blog.publish(f"Post {number}")
    first = await _page(blog, "limit=2")
    second = await _page(blog, "limit=2", first["next_cursor"])
    assert len(second["items"]) == 2
    assert second["next_cursor"] is None


async def test_posts_published_and_deleted_meanwhile_shift_nothing(blog: Blog) -> None:
    posts = [await blog.publish(f"Post {number}") for number in range(6)]
    first = await _page(blog, "limit=2")
    assert [item["title"] for item in first["items"]] == ["Post 5", "Post 4"]
    await blog.publish("Newer")
    await blog.client.delete(f"/v1/posts/{posts[4]['id']}", headers=blog.user.headers)  # the one the cursor names
    second = await _page(blog, "limit=2", first["next_cursor"])
    await blog.publish("Newest")
    third = await _page(blog, "limit=2", second["next_cursor"])
    assert [item["title"] for item in second["items"] + third["items"]] == ["Post 3", "Post 2", "Post 1", "Post 0"]


async def test_posts_of_one_microsecond_are_neither_lost_nor_repeated(
    blog: Blog, postgres: Postgres, blog_url: str
) -> None:
    for number in range(5):
        await blog.publish(f"Post {number}")
    same = "SET published_at = '2026-01-01T00:00:00.123456Z'"
    postgres.psql(f"UPDATE posts {same}; UPDATE post_tags {same}", database=blog_url.rsplit("/", 1)[1])
    for query in ("limit=2&author=ada", "limit=2&tag=python"):
        assert sorted(await _all_titles(blog, query)) == [f"Post {number}" for number in range(5)]


async def test_filters_combine(blog: Blog) -> None:
    await blog.publish("Mine, python")
    await blog.publish("Mine, garden", tags=["garden"])
    theirs = {"title": "Theirs", "body": "x", "tags": ["python"]}
    await blog.client.post("/v1/posts", json=theirs, headers=blog.other.headers)
    assert await blog.titles("?author=ada") == ["Mine, garden", "Mine, python"]
    assert await blog.titles("?tag=python") == ["Theirs", "Mine, python"]
    assert await blog.titles("?author=ada&tag=python") == ["Mine, python"]
    assert await blog.titles("?author=nobody") == []


@pytest.fixture
def many_posts(blog: Blog, postgres: Postgres, blog_url: str) -> None:
    """Enough posts, authors and tags that the planner has a reason to choose."""
    postgres.psql(
        "INSERT INTO posts (id, author_id, author_handle, title, body, tags, published_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'author' || n % 50, 'Title', repeat('text ', 100),"
        " ARRAY['tag' || n % 20], now() - n * interval '1 minute' FROM generate_series(1, 5000) n;"
        " INSERT INTO post_tags SELECT id, tags[1], published_at FROM posts; ANALYZE",
        database=blog_url.rsplit("/", 1)[1],
    )


@pytest.mark.usefixtures("many_posts")
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "ix_posts_newest"),
        ({"author": "author7"}, "ix_posts_author_newest"),
        ({"tag": "tag3"}, "ix_post_tags_newest"),
    ],
    ids=["all", "by author", "by tag"],
)
@pytest.mark.parametrize("page", ["first", "later"])
async def test_every_list_is_read_from_an_index_in_its_order(
    blog: Blog, filters: dict[str, str], index: str, page: str
) -> None:
    later = cursors.decode((await _page(blog, "limit=100"))["next_cursor"])
    after = later if page == "later" else None
    asked: dict[str, str | None] = {"author": None, "tag": None, **filters}
    statement = repository.page_statement(limit=21, author=asked["author"], tag=asked["tag"], after=after)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects unannotated
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    async with blog.app.state.resources.database.reader() as connection:
        plan = "\n".join((await connection.execute(text("EXPLAIN " + sql.replace(":", r"\:")))).scalars())
    assert index in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
