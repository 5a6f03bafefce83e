"""What the users do: one request each, nothing they could not do, nothing two of them do to one post at once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chaos.load import checks, scenarios
from chaos.load.checks import WrongBodyError
from chaos.load.population import demo_users
from chaos.load.scenarios import PREPARE, READS, SCENARIOS, Call
from chaos.load.world import EXPIRY_MARGIN_S, World

ADA, BEN = demo_users()[:2]


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_post(number: int, handle: str = ADA.handle, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  fields of any type
    return {
        "id": f"p{number}",
        "title": f"Post {number}",
        "body": "Text.",
        "tags": ["sre"],
        "author": {"id": "u1", "handle": handle},
        "published_at": f"2026-04-01T00:00:{60 - number:02}Z",
        **changes,
    }


def a_page(*posts: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(posts), "next_cursor": cursor}


def some_tokens(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  fields of any type
    return {"token_type": "Bearer", "access_token": "a.b.c", "refresh_token": "r1", "expires_in": 900, **changes}


def a_world(*, now: Clock | None = None) -> World:
    world = World(accounts=(ADA, BEN), now=now or Clock())
    world.learn_page(a_page(a_post(1), a_post(2, BEN.handle), cursor="next"))
    return world


def dice(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311  reproducible, not a secret


def do(name: str, world: World) -> Call:
    return PREPARE[name](world, dice())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_does_what_it_is_called_once_the_world_allows_it(scenario: scenarios.Scenario) -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens())
    do("write a post", world).settle(a_post(3))
    call = scenario.prepare(world, dice())
    assert call.scenario == scenario.name
    assert call.path.startswith("/v1/")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_scenario_has_something_to_do_while_nobody_is_logged_in(scenario: scenarios.Scenario) -> None:
    world = a_world()
    world.cursors.clear()
    world.tags.clear()
    call = scenario.prepare(world, dice())
    assert call.scenario in {scenario.name, "log in", "read the front page"}
    assert call.token is None


def test_the_referee_reads_and_only_reads() -> None:
    assert {scenario.prepare(a_world(), dice()).method for scenario in READS} == {"GET"}


def test_an_expiring_token_is_not_used_any_more() -> None:
    clock = Clock()
    world = a_world(now=clock)
    world.logged_in(ADA, some_tokens(expires_in=100))
    assert do("look at own account", world).token == "a.b.c"
    clock.seconds = 100 - EXPIRY_MARGIN_S
    assert do("look at own account", world).scenario == "log in"


def test_a_refresh_token_is_used_once_and_its_successor_takes_its_place() -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens())
    first = do("refresh a session", world)
    assert first.payload == {"refresh_token": "r1"}
    assert do("refresh a session", world).scenario == "log in", "the only session is being refreshed"
    first.settle(some_tokens(refresh_token="r2"))
    assert do("refresh a session", world).payload == {"refresh_token": "r2"}


def test_a_failed_refresh_gives_the_session_up() -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens())
    do("refresh a session", world).settle(None)
    assert world.sessions == {}


def test_one_own_post_is_never_edited_and_deleted_at_once() -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens())
    do("write a post", world).settle(a_post(3))
    edit = do("edit own post", world)
    assert (edit.method, edit.path) == ("PATCH", "/v1/posts/p3")
    assert do("delete own post", world).scenario == "write a post", "the only own post is being edited"
    edit.settle(None)
    assert do("delete own post", world).path == "/v1/posts/p3"
    assert do("delete own post", world).scenario == "write a post", "a deleted post does not come back"


def test_a_post_is_edited_by_its_author_only() -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens(access_token="ada.ada.ada"))
    do("write a post", world).settle(a_post(3))
    world.sessions.clear()
    world.logged_in(BEN, some_tokens(access_token="ben.ben.ben"))
    assert do("edit own post", world).scenario == "write a post"
    world.logged_in(ADA, some_tokens(access_token="ada.2.2"))
    assert do("edit own post", world).token == "ada.2.2"


def test_a_failed_writing_leaves_no_post_behind() -> None:
    world = a_world()
    world.logged_in(ADA, some_tokens())
    do("write a post", world).settle(None)
    assert not world.own_posts


@pytest.mark.parametrize(
    ("check", "body", "reason"),
    [
        (checks.post_list(limit=2), [], "the list has no items"),
        (checks.post_list(limit=2), a_page(), "the page is empty"),
        (checks.post_list(limit=2), a_page(a_post(1), a_post(2), a_post(3)), "the page is longer than asked for"),
        (checks.post_list(limit=2), a_page(a_post(2), a_post(1)), "the list is not newest first"),
        (checks.post_list(limit=2, tag="go"), a_page(a_post(1)), "a listed post lacks the tag"),
        (checks.post_list(limit=2, author="ben"), a_page(a_post(1)), "a listed post is by somebody else"),
        (checks.post_list(limit=2), a_page(a_post(1, title=None)), "a post lacks title"),
        (checks.post_list(limit=2), a_page(a_post(1, author={})), "a post's author has no handle"),
        (checks.post_list(limit=2), {"items": ["p1"]}, "a post is no object"),
        (checks.post(post_id="p2"), a_post(1), "another post than asked for"),
        (checks.post(author="ben"), a_post(1), "the post is by somebody else"),
        (checks.post(title="Other"), a_post(1), "the post has another title"),
        (checks.post(), a_post(1, body=""), "the post has no text"),
        (checks.post(), None, "a post is no object"),
        (checks.profile("ada"), {"handle": "ben"}, "another profile than asked for"),
        (checks.profile("ada"), None, "another profile than asked for"),
        (checks.tokens, {}, "the token type is not bearer"),
        (checks.tokens, some_tokens(token_type="mac"), "the token type is not bearer"),
        (checks.tokens, some_tokens(access_token="opaque"), "the access token is no signed JWT"),
        (checks.tokens, some_tokens(refresh_token="a.b.c"), "the refresh token is missing"),
        (checks.tokens, some_tokens(refresh_token=""), "the refresh token is missing"),
        (checks.tokens, some_tokens(expires_in=0), "the access token has no lifetime"),
        (checks.nothing, {}, "content where none was expected"),
    ],
)
def test_a_wrong_body_is_refused_with_its_reason(check: checks.Check, body: object, reason: str) -> None:
    with pytest.raises(WrongBodyError) as wrong:
        check(body)
    assert str(wrong.value) == reason


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (checks.post_list(limit=2, tag="sre", author=ADA.handle), a_page(a_post(1), a_post(2))),
        (checks.post(post_id="p1", author=ADA.handle, title="Post 1"), a_post(1)),
        (checks.profile("ada"), {"handle": "ada", "display_name": "Ada"}),
        (checks.tokens, some_tokens()),
        (checks.nothing, None),
    ],
)
def test_a_right_body_passes(check: checks.Check, body: object) -> None:
    check(body)
