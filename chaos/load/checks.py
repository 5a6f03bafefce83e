"""Is this the answer that was asked for? Content checks of the blog's public API.

Contract: each check takes the parsed JSON body and raises `WrongBodyError` with a short, fixed reason (no ids in it,
so that reasons can be counted) when the body is not what a user would accept. A status alone proves nothing: a cache
that mixes up two posts answers 200.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias

# A parsed JSON document: its shape is what these checks find out.
Json: TypeAlias = Any
Check = Callable[[Json], None]

_POST_FIELDS: dict[str, type] = {"id": str, "title": str, "tags": list, "author": dict, "published_at": str}


class WrongBodyError(Exception):
    """The body of an answer is not what was asked for."""


def post_list(*, limit: int, tag: str | None = None, author: str | None = None) -> Check:
    """One to `limit` complete posts, newest first, all of them with the tag and by the author that were asked for."""

    def check(body: Json) -> None:
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise WrongBodyError("the list has no items")
        if not 1 <= len(items) <= limit:
            raise WrongBodyError("the page is empty" if not items else "the page is longer than asked for")
        for item in items:
            _complete_post(item)
        if tag is not None and any(tag not in item["tags"] for item in items):
            raise WrongBodyError("a listed post lacks the tag")
        if author is not None and any(item["author"]["handle"] != author for item in items):
            raise WrongBodyError("a listed post is by somebody else")
        times = [datetime.fromisoformat(item["published_at"]) for item in items]
        if any(earlier < later for earlier, later in pairwise(times)):
            raise WrongBodyError("the list is not newest first")

    return check


def post(*, post_id: object = None, author: str | None = None, title: str | None = None) -> Check:
    """One complete post, with the id, the author and the title that were asked for (None: any)."""

    def check(body: Json) -> None:
        _complete_post(body)
        if not isinstance(body.get("body"), str) or not body["body"]:
            raise WrongBodyError("the post has no text")
        if post_id is not None and body["id"] != post_id:
            raise WrongBodyError("another post than asked for")
        if author is not None and body["author"]["handle"] != author:
            raise WrongBodyError("the post is by somebody else")
        if title is not None and body["title"] != title:
            raise WrongBodyError("the post has another title")

    return check


def _complete_post(item: Json) -> None:
    if not isinstance(item, dict):
        raise WrongBodyError("a post is no object")
    for field, kind in _POST_FIELDS.items():
        if not isinstance(item.get(field), kind):
            raise WrongBodyError(f"a post lacks {field}")
    if not isinstance(item["author"].get("handle"), str):
        raise WrongBodyError("a post's author has no handle")


def profile(handle: str) -> Check:
    """The profile of exactly this user."""

    def check(body: Json) -> None:
        if not isinstance(body, dict) or body.get("handle") != handle:
            raise WrongBodyError("another profile than asked for")

    return check


def tokens(body: Json) -> None:
    """A pair of usable tokens: bearer, a signed JWT for access, a lifetime, and something to refresh with."""
    if not isinstance(body, dict) or str(body.get("token_type")).lower() != "bearer":
        raise WrongBodyError("the token type is not bearer")
    access, refresh, lifetime = (body.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not isinstance(access, str) or access.count(".") != 2:  # noqa: PLR2004  a JWS in compact form has three parts
        raise WrongBodyError("the access token is no signed JWT")
    if not isinstance(refresh, str) or not refresh or refresh == access:
        raise WrongBodyError("the refresh token is missing")
    if not isinstance(lifetime, int | float) or lifetime <= 0:
        raise WrongBodyError("the access token has no lifetime")


def nothing(body: Json) -> None:
    """No content, as after a deletion."""
    if body is not None:
        raise WrongBodyError("content where none was expected")
