"""Every endpoint of the blog and every error that it documents, on a real PostgreSQL and a real Valkey."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.services.blog.conftest import Blog


@pytest.fixture
def draft() -> dict[str, Any]:
    return {"title": "Rye bread", "body": "Start the evening before.", "tags": ["Baking", "food", "baking"]}


async def test_a_published_post_can_be_read_with_its_etag(blog: Blog, draft: dict[str, Any]) -> None:
    created = await blog.client.post("/v1/posts", json=draft, headers=blog.user.headers)
    assert created.status_code == 201
    post = created.json()
    assert created.headers["location"] == f"/v1/posts/{post['id']}"
    assert post["author"] == {"id": str(blog.user.account_id), "handle": "ada"}
    assert post["tags"] == ["baking", "food"]
    read = await blog.client.get(created.headers["location"])
    assert read.status_code == 200
    assert read.json() == post
    assert read.headers["etag"] == created.headers["etag"] == '"1"'


async def test_an_unchanged_post_is_not_sent_again(blog: Blog) -> None:
    post = await blog.publish()
    path = f"/v1/posts/{post['id']}"
    assert (await blog.client.get(path, headers={"if-none-match": '"1"'})).status_code == 304
    assert (await blog.client.get(path, headers={"if-none-match": '"2"'})).status_code == 200


async def test_an_unknown_post_is_a_404_problem(blog: Blog) -> None:
    response = await blog.client.get(f"/v1/posts/{uuid4()}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"].endswith("/post-not-found")


async def test_an_edit_replaces_only_the_named_fields(blog: Blog) -> None:
    post = await blog.publish(tags=["python", "testing"])
    path = f"/v1/posts/{post['id']}"
    edited = await blog.client.patch(path, json={"title": "Another"}, headers=blog.user.headers)
    assert edited.status_code == 200
    assert edited.headers["etag"] == '"2"'
    read = (await blog.client.get(path)).json()
    assert read == edited.json()
    assert (read["title"], read["body"], read["tags"]) == ("Another", post["body"], post["tags"])
    assert read["published_at"] == post["published_at"] < read["updated_at"]


async def test_new_tags_move_a_post_between_the_lists_by_tag(blog: Blog) -> None:
    post = await blog.publish(tags=["python"])
    await blog.client.patch(f"/v1/posts/{post['id']}", json={"tags": ["garden"]}, headers=blog.user.headers)
    assert await blog.titles("?tag=python") == []
    assert await blog.titles("?tag=garden") == [post["title"]]
    assert (await blog.client.get("/v1/tags")).json() == {"items": [{"name": "garden", "posts": 1}]}


async def test_a_deleted_post_is_gone_everywhere(blog: Blog) -> None:
    post = await blog.publish()
    path = f"/v1/posts/{post['id']}"
    await blog.client.get(path)
    assert (await blog.client.delete(path, headers=blog.user.headers)).status_code == 204
    assert (await blog.client.get(path)).status_code == 404
    assert await blog.titles() == []
    assert (await blog.client.get("/v1/tags")).json() == {"items": []}
    assert (await blog.client.delete(path, headers=blog.user.headers)).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_the_post_of_somebody_else_cannot_be_changed(blog: Blog, method: str) -> None:
    post = await blog.publish()
    body = {"title": "Mine now"} if method == "PATCH" else None
    response = await blog.client.request(method, f"/v1/posts/{post['id']}", json=body, headers=blog.other.headers)
    assert response.status_code == 403
    assert response.json()["type"].endswith("/not-your-post")
    assert (await blog.client.get(f"/v1/posts/{post['id']}")).json() == post


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_stale_if_match_changes_nothing(blog: Blog, method: str) -> None:
    post = await blog.publish()
    path = f"/v1/posts/{post['id']}"
    await blog.client.patch(path, json={"title": "Second"}, headers=blog.user.headers)
    body = {"title": "Third"} if method == "PATCH" else None
    response = await blog.client.request(method, path, json=body, headers={**blog.user.headers, "if-match": '"1"'})
    assert response.status_code == 412
    assert response.json()["type"].endswith("/post-changed")
    assert (await blog.client.get(path)).json()["title"] == "Second"


@pytest.mark.parametrize("if_match", ['"1"', "*", '"7", "1"'])
async def test_a_matching_if_match_lets_the_edit_pass(blog: Blog, if_match: str) -> None:
    post = await blog.publish()
    headers = {**blog.user.headers, "if-match": if_match}
    response = await blog.client.patch(f"/v1/posts/{post['id']}", json={"title": "Second"}, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/posts"), ("PATCH", "/v1/posts/{id}"), ("DELETE", "/v1/posts/{id}")]
)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer not.a.token"}], ids=["no token", "bad token"])
async def test_writing_needs_a_valid_token(blog: Blog, method: str, path: str, headers: dict[str, str]) -> None:
    body = None if method == "DELETE" else {"title": "A", "body": "B"}
    response = await blog.client.request(method, path.format(id=uuid4()), json=body, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": "   "}, "/body/title"),
        ({"title": "x" * 201}, "/body/title"),
        ({"title": "nul \x00"}, "/body/title"),
        ({"body": ""}, "/body/body"),
        ({"body": "bell \x07"}, "/body/body"),
        ({"tags": ["not a tag!"]}, "/body/tags/0"),
        ({"tags": [f"t{i}" for i in range(11)]}, "/body/tags"),
        ({"colour": "red"}, "/body/colour"),
        ({"title": None}, "/body/title"),
    ],
)
async def test_a_wrong_field_of_a_draft_is_named(
    blog: Blog, draft: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    response = await blog.client.post("/v1/posts", json=draft | change, headers=blog.user.headers)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize("body", [{}, {"title": None}])
async def test_an_edit_that_names_nothing_is_refused(blog: Blog, body: dict[str, Any]) -> None:
    post = await blog.publish()
    response = await blog.client.patch(f"/v1/posts/{post['id']}", json=body, headers=blog.user.headers)
    assert response.status_code == 422


@pytest.mark.parametrize("raw", [b"{", b'{"title": "\\ud800", "body": "x"}', b"\xff\xfe"])
async def test_a_body_that_is_not_sound_json_is_a_422_or_400_problem(blog: Blog, raw: bytes) -> None:
    headers = {**blog.user.headers, "content-type": "application/json"}
    response = await blog.client.post("/v1/posts", content=raw, headers=headers)
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("limit=many", "/query/limit"),
        ("tag=No%20Tag", "/query/tag"),
        ("author=%00", "/query/author"),
        ("cursor=made-up", "/query/cursor"),
        ("cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/query/cursor"),
    ],
)
async def test_a_wrong_query_names_its_parameter(blog: Blog, query: str, pointer: str) -> None:
    response = await blog.client.get(f"/v1/posts?{query}")
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_an_id_that_is_not_a_uuid_names_the_parameter(blog: Blog) -> None:
    response = await blog.client.get("/v1/posts/42")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/path/post_id"


async def test_tags_are_counted_commonest_first(blog: Blog) -> None:
    await blog.publish(tags=["python", "garden"])
    await blog.publish(tags=["python"])
    await blog.publish(tags=[])
    expected = {"items": [{"name": "python", "posts": 2}, {"name": "garden", "posts": 1}]}
    assert (await blog.client.get("/v1/tags")).json() == expected
