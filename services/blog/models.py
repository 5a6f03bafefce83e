"""The blog's tables. Posts are rows with their tags; `post_tags` is the index from tag to post.

Contract: `post_tags` holds exactly the tags of `posts.tags` with the post's `published_at`, which never changes; the
repository writes both in one transaction. So a list by tag is one index scan in the order of the list, without a sort.
"""

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=_NAMES)


def _clock(name: str) -> Column[object]:
    # The clock at the statement, not at the start of the transaction: a slow transaction must not appear in the past.
    return Column(name, DateTime(timezone=True), server_default=func.clock_timestamp(), nullable=False)


# The author's handle is a copy from the token of the moment, so that reads need no other service.
posts = Table(
    "posts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("author_id", Uuid, nullable=False),
    Column("author_handle", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("version", Integer, server_default="1", nullable=False),
    _clock("published_at"),
    _clock("updated_at"),
    Index("ix_posts_newest", text("published_at DESC"), text("id DESC")),
    Index("ix_posts_author_newest", "author_handle", text("published_at DESC"), text("id DESC")),
)

post_tags = Table(
    "post_tags",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Index("ix_post_tags_newest", "tag", text("published_at DESC"), text("post_id DESC")),
)

# The answer to a request that carried an Idempotency-Key, written in the transaction that did the work.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("author_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=True),
    _clock("created_at"),
    Index("ix_idempotency_keys_created", "created_at"),
)
