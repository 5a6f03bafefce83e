"""Cursors: exact, opaque to callers, and nothing but our own is accepted."""

import base64
import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blog.cursor import Position, decode, encode
from services.blog.errors import InvalidCursorError

SOME = Position(datetime(2026, 4, 1, 12, 30, 15, 123456, tzinfo=UTC), UUID("7b0e2a52-6f5e-4f0e-9b8e-0123456789ab"))


@given(
    published_at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1), max_value=datetime(9999, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    post_id=st.uuids(),
)
def test_decoding_an_encoded_position_gives_it_back_to_the_microsecond(published_at: datetime, post_id: UUID) -> None:
    position = Position(published_at, post_id)
    assert decode(encode(position)) == position


def test_a_cursor_needs_no_escaping_in_a_query() -> None:
    assert set(encode(SOME)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=64))
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        decode(text)


def _packed(version: int, micros: int) -> str:
    raw = struct.pack(">Bq16s", version, micros, SOME.post_id.bytes)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        encode(SOME)[:-1],
        encode(SOME) + "A",
        encode(SOME) + "=",
        encode(SOME) + "\n",
        _packed(2, 0),
        _packed(1, 2**62),
        _packed(1, -(2**62)),
        encode(SOME)[:-1] + chr(ord(encode(SOME)[-1]) + 1),
    ],
    ids=["empty", "cut", "longer", "padded", "newline", "other version", "far future", "far past", "second spelling"],
)
def test_what_encode_never_writes_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        decode(cursor)


def test_the_error_names_the_parameter() -> None:
    with pytest.raises(InvalidCursorError) as caught:
        decode("no")
    assert caught.value.errors is not None
    assert [error.pointer for error in caught.value.errors] == ["/query/cursor"]
