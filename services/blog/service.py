"""What the blog does: reads through the cache, writes in one transaction, and who may do what.

Contract: reads return the encoded answer (bytes of JSON), because that is what the cache keeps and the wire carries.
Every write forgets what it made stale after its commit, also when it was cancelled on the way, so nobody reads an old
post afterwards. Creating a post with an idempotency key happens once; a repetition gets the first answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self, cast
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.blog import cursor as cursors
from services.blog import repository
from services.blog.errors import IdempotencyKeyReusedError, NotYourPostError, PostChangedError, PostNotFoundError
from services.blog.schemas import (
    Author,
    Post,
    PostChanges,
    PostDraft,
    PostPage,
    PostSummary,
    TagCount,
    TagList,
)
from services.common.cache import Cache
from services.common.database import Database
from services.common.security import Principal

_POST = "post"
_LISTS = "posts"
# Between id, version and document in the cache; the first two cannot contain it.
_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class Document:
    """An encoded post with its id and version; the ETag is the version in quotes."""

    post_id: str
    version: str
    body: bytes

    @property
    def etag(self) -> str:
        return f'"{self.version}"'

    def packed(self) -> bytes:
        return f"{self.post_id}{_SEPARATOR}{self.version}{_SEPARATOR}".encode() + self.body

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        post_id, version, body = packed.split(_SEPARATOR.encode(), 2)
        return cls(post_id.decode(), version.decode(), body)


class BlogService:
    """Posts and tags of one database, read through one cache."""

    def __init__(self, *, database: Database, cache: Cache, cache_ttl_s: int, idempotency_retention_s: int) -> None:
        self._database = database
        self._cache = cache
        self._ttl_s = cache_ttl_s
        self._retention_s = idempotency_retention_s

    async def read_post(self, post_id: UUID) -> Document:
        """Return a post.

        Raises:
            PostNotFoundError: there is none with this id.
        """

        async def load() -> bytes | None:
            async with self._database.reader() as connection:
                row = await repository.find_post(connection, post_id)
            return None if row is None else _document(row).packed()

        packed = await self._cache.get_or_load(_POST, str(post_id), load, ttl_s=self._ttl_s)
        if packed is None:
            raise PostNotFoundError
        return Document.unpacked(packed)

    async def list_posts(self, *, limit: int, author: str | None, tag: str | None, cursor: str | None) -> bytes:
        """Return a page of posts, newest first.

        Raises:
            InvalidCursorError: the cursor is not one of ours.
        """
        after = None if cursor is None else cursors.decode(cursor)
        author = None if author is None else author.lower()  # as handles are kept, and as profiles are found

        async def load() -> PostPage:
            async with self._database.reader() as connection:
                # One more than asked for tells whether there is a next page.
                rows = await repository.find_page(connection, limit=limit + 1, author=author, tag=tag, after=after)
            return _page(rows[:limit], more=len(rows) > limit)

        key = f"page:{limit}:{author or ''}:{tag or ''}:{cursor or ''}"
        return await self._cached_list(key, load)

    async def list_tags(self) -> bytes:
        """Return the tags in use, the commonest first."""

        async def load() -> TagList:
            async with self._database.reader() as connection:
                rows = await repository.count_tags(connection)
            return TagList(items=[TagCount(name=row.name, posts=row.posts) for row in rows])

        return await self._cached_list("tags", load)

    async def create_post(
        self, *, principal: Principal, draft: PostDraft, idempotency_key: str | None
    ) -> tuple[Document, bool]:
        """Publish a post; return it, and whether this is the answer to an earlier request with the same key.

        Raises:
            IdempotencyKeyReusedError: the key belongs to another request.
        """
        digest = sha256(draft.model_dump_json().encode()).digest()
        async with self._database.session() as session:
            if idempotency_key is not None:
                await repository.purge_keys(session, older_than_s=self._retention_s)
                earlier = await repository.claim_key(
                    session, author_id=principal.account_id, key=idempotency_key, request_digest=digest
                )
                if earlier is not None:
                    return _replayed(earlier, digest), True
            document = await self._publish(session, principal, draft)
            if idempotency_key is not None:
                await repository.keep_answer(
                    session, author_id=principal.account_id, key=idempotency_key, answer=document.packed()
                )
            await self._commit(session)
        return document, False

    async def edit_post(
        self, *, principal: Principal, post_id: UUID, changes: PostChanges, if_match: str | None
    ) -> Document:
        """Replace the named fields of an own post.

        Raises:
            PostNotFoundError, NotYourPostError: as they say.
            PostChangedError: `if_match` names another version.
        """
        async with self._database.session() as session:
            await self._own(session, principal, post_id, if_match)
            row = await repository.change_post(session, post_id, changes.model_dump(exclude_unset=True))
            await self._commit(session, stale_post=post_id)
        return _document(row)

    async def delete_post(self, *, principal: Principal, post_id: UUID, if_match: str | None) -> None:
        """Delete an own post.

        Raises:
            PostNotFoundError, NotYourPostError: as they say.
            PostChangedError: `if_match` names another version.
        """
        async with self._database.session() as session:
            await self._own(session, principal, post_id, if_match)
            await repository.remove_post(session, post_id)
            await self._commit(session, stale_post=post_id)

    async def _cached_list(self, key: str, load: Callable[[], Awaitable[PostPage | TagList]]) -> bytes:
        async def encode() -> bytes:
            return (await load()).model_dump_json().encode()

        # None would mean that `encode` returned nothing, which it cannot.
        return cast("bytes", await self._cache.get_or_load_page(_LISTS, key, encode, ttl_s=self._ttl_s))

    async def _commit(self, session: AsyncSession, *, stale_post: UUID | None = None) -> None:
        """Commit, then forget what the write made stale.

        Also when the commit failed: one that was cancelled or whose answer was lost may have happened.
        """
        try:
            await session.commit()
        finally:
            if stale_post is not None:
                await self._cache.invalidate(_POST, str(stale_post))
            await self._cache.renew(_LISTS)

    @staticmethod
    async def _own(session: AsyncSession, principal: Principal, post_id: UUID, if_match: str | None) -> None:
        ownership = await repository.lock_post(session, post_id)
        if ownership is None:
            raise PostNotFoundError
        if ownership.author_id != principal.account_id:
            raise NotYourPostError
        if not _matches(if_match, ownership.version):
            raise PostChangedError

    @staticmethod
    async def _publish(session: AsyncSession, principal: Principal, draft: PostDraft) -> Document:
        author = {"author_id": principal.account_id, "author_handle": principal.handle}
        row = await repository.add_post(session, id=uuid4(), **author, **draft.model_dump())
        return _document(row)


def _matches(if_match: str | None, version: int) -> bool:
    """Return whether If-Match allows this version (RFC 9110, 13.1.1: strong comparison, a list or `*`)."""
    if if_match is None or if_match.strip() == "*":
        return True
    return f'"{version}"' in (tag.strip() for tag in if_match.split(","))


def _replayed(earlier: repository.StoredAnswer, request_digest: bytes) -> Document:
    if earlier.request_digest != request_digest:
        raise IdempotencyKeyReusedError
    return Document.unpacked(earlier.answer)


def _author(row: repository.Record) -> Author:
    return Author(id=row.author_id, handle=row.author_handle)


def _document(row: repository.Record) -> Document:
    post = Post(
        id=row.id,
        title=row.title,
        body=row.body,
        tags=row.tags,
        author=_author(row),
        version=row.version,
        published_at=row.published_at,
        updated_at=row.updated_at,
    )
    return Document(str(row.id), str(row.version), post.model_dump_json().encode())


def _page(rows: Sequence[repository.Record], *, more: bool) -> PostPage:
    items = [
        PostSummary(
            id=row.id,
            title=row.title,
            excerpt=row.excerpt,
            tags=row.tags,
            author=_author(row),
            published_at=row.published_at,
        )
        for row in rows
    ]
    last = cursors.Position(rows[-1].published_at, rows[-1].id) if more else None
    return PostPage(items=items, next_cursor=None if last is None else cursors.encode(last))
