"""What the blog's users do, in their words, and how often: one table, `SCENARIOS`.

Contract: a scenario is one HTTP request, so the offered rate is the rate that the ingress sees. It turns the state of
the world and a seeded dice into a `Call`; who cannot do what they want (nobody is logged in, nothing of one's own to
delete) does the step before it instead, and the call carries the name of what is really done. Reading alone (`READS`)
also feeds the referee's generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from chaos.load import checks
from chaos.load.population import DemoUser, new_post
from chaos.load.world import OwnPost, World

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

PAGE_SIZE = 20
POSTS = "/v1/posts"
LOGIN = "/v1/auth/login"

_Item = TypeVar("_Item")


def _ignore(_body: checks.Json) -> None:
    """Settle nothing: reading leaves no trace in the world."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, the answer it deserves, and what the world learns from it.

    `settle` gets the checked body after success and None after any failure.
    """

    scenario: str
    method: str
    path: str
    status: int
    check: checks.Check
    payload: dict[str, Any] | None = None
    token: str | None = None
    settle: Callable[[Any], None] = _ignore


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something users do; weights are relative, chosen to add up to 1000."""

    name: str
    weight: int
    prepare: Callable[[World, random.Random], Call]


def list_call(scenario: str, *, tag: str | None = None, author: str | None = None, cursor: str | None = None) -> Call:
    """Return the call for a page of the list of posts, filtered as asked."""
    asked = {"limit": PAGE_SIZE, "tag": tag, "author": author, "cursor": cursor}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return Call(scenario, "GET", f"{POSTS}?{query}", 200, checks.post_list(limit=PAGE_SIZE, tag=tag, author=author))


def _favourite(items: list[_Item], dice: random.Random) -> _Item:
    """Choose with a taste for the front of the list: a quarter of the items gets half of the interest."""
    return items[int(len(items) * dice.random() ** 2)]


def read_the_front_page(_world: World, _dice: random.Random) -> Call:
    """The newest posts."""
    return list_call("read the front page")


def turn_the_page(world: World, dice: random.Random) -> Call:
    """Older posts, from a cursor that an earlier page gave."""
    if not world.cursors:
        return read_the_front_page(world, dice)
    return list_call("turn the page", cursor=_favourite(world.cursors, dice))


def open_a_post(world: World, dice: random.Random) -> Call:
    """One post, the newer ones more often."""
    chosen = _favourite(world.posts, dice)
    path = f"{POSTS}/{quote(chosen.post_id)}"
    return Call("open a post", "GET", path, 200, checks.post(post_id=chosen.post_id, author=chosen.author))


def browse_by_tag(world: World, dice: random.Random) -> Call:
    """The newest posts with a tag."""
    if not world.tags:
        return read_the_front_page(world, dice)
    return list_call("browse by tag", tag=dice.choice(world.tags))


def browse_by_author(world: World, dice: random.Random) -> Call:
    """The newest posts of an author."""
    return list_call("browse by author", author=_favourite(world.posts, dice).author)


def look_at_a_profile(world: World, dice: random.Random) -> Call:
    """Who wrote this?"""
    handle = _favourite(world.posts, dice).author
    return Call("look at a profile", "GET", f"/v1/users/{quote(handle)}", 200, checks.profile(handle))


def login_call(world: World, account: DemoUser) -> Call:
    """Return the call that logs this account in and remembers the session."""

    def settle(body: checks.Json) -> None:
        if body is not None:
            world.logged_in(account, body)

    payload = {"email": account.email, "password": account.password}
    return Call("log in", "POST", LOGIN, 200, checks.tokens, payload=payload, settle=settle)


def log_in(world: World, dice: random.Random) -> Call:
    """Somebody comes back: e-mail and password for a pair of tokens."""
    return login_call(world, dice.choice(world.accounts))


def look_at_own_account(world: World, dice: random.Random) -> Call:
    """My own profile."""
    if (me := world.somebody(dice)) is None:
        return log_in(world, dice)
    check = checks.profile(me.account.handle)
    return Call("look at own account", "GET", "/v1/users/me", 200, check, token=me.access_token)


def refresh_a_session(world: World, dice: random.Random) -> Call:
    """Trade a refresh token for a new pair. Lost on failure: nobody knows whether the old one is still good."""
    if (session := world.take_session(dice)) is None:
        return log_in(world, dice)

    def settle(body: checks.Json) -> None:
        if body is not None:
            world.logged_in(session.account, body)

    payload = {"refresh_token": session.refresh_token}
    return Call("refresh a session", "POST", "/v1/auth/refresh", 200, checks.tokens, payload=payload, settle=settle)


def write_a_post(world: World, dice: random.Random) -> Call:
    """A new post by somebody who is logged in."""
    if (me := world.somebody(dice)) is None:
        return log_in(world, dice)
    draft = new_post(dice, me.account.handle)

    def settle(body: checks.Json) -> None:
        if body is not None:
            world.own_posts.append(OwnPost(body["id"], me.account))

    payload = {"title": draft.title, "body": draft.body, "tags": list(draft.tags)}
    check = checks.post(author=draft.author, title=draft.title)
    return Call("write a post", "POST", POSTS, 201, check, payload=payload, token=me.access_token, settle=settle)


def edit_own_post(world: World, dice: random.Random) -> Call:
    """A better title for a post of one's own."""
    if (mine := _own_post(world)) is None:
        return write_a_post(world, dice)
    own, token = mine
    title = new_post(dice, own.account.handle).title
    return Call(
        "edit own post",
        "PATCH",
        f"{POSTS}/{quote(own.post_id)}",
        200,
        checks.post(post_id=own.post_id, title=title),
        payload={"title": title},
        token=token,
        settle=lambda _body: world.own_posts.append(own),
    )


def delete_own_post(world: World, dice: random.Random) -> Call:
    """Take back a post of one's own."""
    if (mine := _own_post(world)) is None:
        return write_a_post(world, dice)
    own, token = mine
    return Call("delete own post", "DELETE", f"{POSTS}/{quote(own.post_id)}", 204, checks.nothing, token=token)


def _own_post(world: World) -> tuple[OwnPost, str] | None:
    if (own := world.take_own_post()) is None or (session := world.session_of(own.account)) is None:
        return None
    return own, session.access_token


# The shape of a blog's traffic: nine of ten requests are anonymous reading; logins are 3 % (design: 2-5 %), because
# hashing a password costs as much as a hundred reads and would otherwise drown them; as many posts are deleted as
# written, so a long run does not grow the blog.
SCENARIOS: tuple[Scenario, ...] = (
    Scenario("open a post", 400, open_a_post),
    Scenario("read the front page", 250, read_the_front_page),
    Scenario("browse by tag", 90, browse_by_tag),
    Scenario("look at a profile", 60, look_at_a_profile),
    Scenario("browse by author", 60, browse_by_author),
    Scenario("turn the page", 40, turn_the_page),
    Scenario("log in", 30, log_in),
    Scenario("look at own account", 20, look_at_own_account),
    Scenario("write a post", 15, write_a_post),
    Scenario("delete own post", 15, delete_own_post),
    Scenario("edit own post", 10, edit_own_post),
    Scenario("refresh a session", 10, refresh_a_session),
)
READS: tuple[Scenario, ...] = SCENARIOS[:6]
PREPARE = {scenario.name: scenario.prepare for scenario in SCENARIOS}
