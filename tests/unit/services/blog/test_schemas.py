"""What a draft may hold, and what becomes of it."""

import pytest
from pydantic import ValidationError

from services.blog.schemas import PostChanges, PostDraft


def test_text_is_stripped_and_tags_are_lowered_made_unique_and_sorted() -> None:
    draft = PostDraft.model_validate({"title": " A ", "body": "\n B\n", "tags": ["Python", " food", "python"]})
    assert draft.model_dump() == {"title": "A", "body": "B", "tags": ["food", "python"]}


@pytest.mark.parametrize("text", ["tab\tand\r\nline", "Ünïcödé", "日本語", "👩‍🚀", "a" * 200])
def test_ordinary_text_is_accepted(text: str) -> None:
    assert PostDraft(title=text, body=text).title == text.strip()


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f"])
def test_control_characters_are_refused(character: str) -> None:
    with pytest.raises(ValidationError, match="Control characters"):
        PostDraft(title=f"a{character}b", body="x")


@pytest.mark.parametrize("tag", ["", "-", "with space", "ümlaut", "a" * 31, "a/b"])
def test_a_tag_that_is_not_a_word_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        PostDraft(title="a", body="b", tags=[tag])


@pytest.mark.parametrize("changes", [{}, {"title": None}, {"tags": None, "body": "x"}, {"version": 3}])
def test_changes_that_change_nothing_or_something_unknown_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PostChanges.model_validate(changes)


def test_changes_hold_only_what_was_named() -> None:
    assert PostChanges(tags=[]).model_dump(exclude_unset=True) == {"tags": []}
