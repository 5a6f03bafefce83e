"""Loads the demo population through the public API, once: `load_demo_data(url)`.

Contract: everything goes over HTTP as a user would do it, with a bounded number of requests in flight. The last post
that is written says that the rest is there, so that a second call asks one question and writes nothing; after a
crash, the next call adds what is missing and duplicates nothing (it looks what is published, and every post has its
idempotency key). The credentials are those of `chaos.load.population.demo_users()`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx

from chaos.load.population import POSTS, DemoPost, DemoUser, demo_posts, demo_users
from workbench.errors import TitaniumError

# Published after everything else. Not a table of our own: the API is the only thing that the loader knows.
MARKER: Final = DemoPost(
    author=demo_users(1)[0].handle,
    title="Welcome to the demo blog",
    body="Everything that you read here was written by a seeded generator, so that every demo blog is the same.",
    tags=("welcome",),
)
CONCURRENCY: Final = 8
# 6 s in sum: longer than a service needs to start again.
_ATTEMPTS: Final = 6
_FIRST_PAUSE_S: Final = 0.2
_RETRY_STATUSES: Final = frozenset({429, 502, 503, 504})
_PAGE: Final = 100
# As long as the blog's excerpt in lists.
_EXCERPT: Final = 240

Progress = Callable[[int, int], None]
Identity = tuple[str, str, str]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class DemoDataError(TitaniumError):
    """The API did not take the demo data."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a call did; `posts` 0 and `already_there` when there was nothing to do."""

    users: int
    posts: int
    already_there: bool


async def load_demo_data(
    base_url: str,
    *,
    host: str | None = None,
    posts: int = POSTS,
    progress: Progress | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Loaded:
    """Register the demo users and publish the first `posts` demo posts, unless they are there.

    Args:
        base_url: the ingress or the gateway, for example `http://127.0.0.1:21000`.
        host: Host header, when the ingress wants another name than the address.
        posts: how many posts, beside the one that marks the end.
        progress: called with (done, total) after every post.
        transport: for tests.

    Raises:
        DemoDataError: the API refuses or does not answer; the message names the request and the answer.
    """
    headers = {} if host is None else {"host": host}
    limits = httpx.Limits(max_connections=CONCURRENCY)
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=15, limits=limits, transport=transport, trust_env=False
    ) as client:
        return await _Loader(client, progress or _ignore).load(demo_posts(posts))


def _ignore(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


class _Loader:
    """One loading of the population."""

    def __init__(self, client: httpx.AsyncClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def load(self, posts: tuple[DemoPost, ...]) -> Loaded:
        if await self._is_loaded():
            return Loaded(users=0, posts=0, already_there=True)
        users = demo_users()
        tokens = dict(await self._all(self._log_in, users))
        there = await self._published()
        missing = [post for post in posts if _identity(post) not in there]
        await self._publish_all(missing, tokens)
        await self._publish(MARKER, tokens[MARKER.author])
        return Loaded(users=len(users), posts=len(missing) + 1, already_there=False)

    async def _is_loaded(self) -> bool:
        query = {"author": MARKER.author, "tag": MARKER.tags[0], "limit": "1"}
        page = await self._send(self._client.build_request("GET", "/v1/posts", params=query))
        return bool(page.json()["items"])

    async def _log_in(self, user: DemoUser) -> tuple[str, str]:
        """Register, or log in when an earlier call has registered the user; return handle and access token."""
        account = {"email": user.email, "password": user.password}
        profile = {"handle": user.handle, "display_name": user.display_name}
        answer = await self._send(
            self._client.build_request("POST", "/v1/auth/register", json=account | profile), accept=(201, 409)
        )
        if answer.status_code == 409:  # noqa: PLR2004 - HTTP Conflict
            answer = await self._send(self._client.build_request("POST", "/v1/auth/login", json=account))
        return user.handle, answer.json()["access_token"]

    async def _published(self) -> set[Identity]:
        """Return what is published, from every page of the list."""
        found: set[Identity] = set()
        query = {"limit": str(_PAGE)}
        while True:
            page = (await self._send(self._client.build_request("GET", "/v1/posts", params=query))).json()
            found |= {(item["author"]["handle"], item["title"], item["excerpt"]) for item in page["items"]}
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    async def _publish_all(self, posts: list[DemoPost], tokens: dict[str, str]) -> None:
        done = 0

        async def publish(post: DemoPost) -> None:
            nonlocal done
            await self._publish(post, tokens[post.author])
            done += 1
            self._progress(done, len(posts))

        await self._all(publish, posts)

    async def _publish(self, post: DemoPost, token: str) -> None:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": _key(post)}
        body = {"title": post.title, "body": post.body, "tags": list(post.tags)}
        await self._send(self._client.build_request("POST", "/v1/posts", json=body, headers=headers), accept=(201,))

    async def _all(self, job: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]) -> list[_Result]:
        """Do the job for every item, `CONCURRENCY` at a time; the first failure ends the rest."""

        async def bounded(item: _Item) -> _Result:
            async with self._slots:
                return await job(item)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(bounded(item)) for item in items]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return [task.result() for task in tasks]

    async def _send(self, request: httpx.Request, *, accept: tuple[int, ...] = (200,)) -> httpx.Response:
        """Send a request; repeat it while the platform is still starting (every request here may be repeated)."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                answer = await self._client.send(request)
            except httpx.TransportError as error:
                reason = f"did not answer ({type(error).__name__}: {error})"
                continue
            if answer.status_code in accept:
                return answer
            reason = f"answered {answer.status_code}: {answer.text[:200]}"
            if answer.status_code not in _RETRY_STATUSES:
                break
        raise DemoDataError(
            f"{request.method} {request.url} {reason}",
            hint="`titanium status` says what is not running; `titanium logs` says why.",
        )


def _identity(post: DemoPost) -> Identity:
    return post.author, post.title, post.body[:_EXCERPT]


def _key(post: DemoPost) -> str:
    return "demo-" + hashlib.sha256("\n".join((*_identity(post), post.body)).encode()).hexdigest()[:32]
