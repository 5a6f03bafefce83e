"""Cursors of the list of posts: a position in the order (published_at, id), opaque to callers.

Contract: `decode(encode(position)) == position` exactly; whatever `encode` cannot have written is an
`InvalidCursorError`. A cursor holds no secret and grants nothing (the list is public), so it is validated, not signed.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.blog.errors import InvalidCursorError

_VERSION = 1
# Version, microseconds since 1970 (PostgreSQL's resolution, so nothing is rounded), the post's id.
_LAYOUT = struct.Struct(">Bq16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Position:
    """The last post of a page; the next page begins after it."""

    published_at: datetime
    post_id: UUID


def encode(position: Position) -> str:
    """Return the position as URL-safe text."""
    micros = (position.published_at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_LAYOUT.pack(_VERSION, micros, position.post_id.bytes)).rstrip(b"=").decode()


def decode(cursor: str) -> Position:
    """Return the position that a cursor stands for.

    Raises:
        InvalidCursorError: `encode` did not write it.
    """
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, micros, raw_id = _LAYOUT.unpack(packed)
        position = Position(_EPOCH + micros * _MICROSECOND, UUID(bytes=raw_id))
    except (binascii.Error, struct.error, OverflowError, ValueError):
        raise InvalidCursorError from None
    # base64 has more than one spelling of some values; only ours is accepted, so that equal pages have equal keys.
    if version != _VERSION or encode(position) != cursor:
        raise InvalidCursorError
    return position
