"""What the blog's API takes and gives: drafts and changes are validated, posts and pages are what the cache keeps.

Contract: requests refuse unknown fields; text is stripped and holds no character that PostgreSQL cannot store; tags are
lower-case words, made unique and sorted. Times are UTC with microseconds.
"""

import re
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

MAX_TAGS = 10
EXCERPT_CHARACTERS = 240
TAG_PATTERN = r"^[a-z0-9][a-z0-9-]{0,29}$"
HANDLE_PATTERN = r"^[A-Za-z0-9_.-]{1,64}$"

# C0 and C1 controls but tab, line feed and carriage return: PostgreSQL refuses NUL, readers cannot see the others.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _without_controls(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("Control characters are not allowed")
    return text


def _lowered(tag: object) -> object:
    return tag.strip().lower() if isinstance(tag, str) else tag


def _normalised(tags: list[str]) -> list[str]:
    return sorted(set(tags))


Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_without_controls)
]
Body = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000), AfterValidator(_without_controls)
]
# Lowered before the pattern is matched; StringConstraints would do it afterwards.
TagName = Annotated[str, BeforeValidator(_lowered), StringConstraints(pattern=TAG_PATTERN)]
TagNames = Annotated[list[TagName], Field(max_length=MAX_TAGS), AfterValidator(_normalised)]


class PostDraft(BaseModel):
    """A post to be published."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    body: Body
    tags: TagNames = Field(default_factory=list)


class PostChanges(BaseModel):
    """The fields of a post to replace; a field that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    body: Body | None = None
    tags: TagNames | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Name at least one of title, body, tags")
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("A field cannot be null; leave it out to keep it")
        return self


class Author(BaseModel):
    """Who wrote a post."""

    id: UUID
    handle: str


class PostSummary(BaseModel):
    """A post as lists show it."""

    id: UUID
    title: str
    excerpt: str = Field(description=f"The first {EXCERPT_CHARACTERS} characters of the body.")
    tags: list[str]
    author: Author
    published_at: datetime


class Post(BaseModel):
    """A whole post; its ETag is the version in quotes."""

    id: UUID
    title: str
    body: str
    tags: list[str]
    author: Author
    version: int
    published_at: datetime
    updated_at: datetime


class PostPage(BaseModel):
    """One page of posts, newest first; `next_cursor` is null on the last page."""

    items: list[PostSummary]
    next_cursor: str | None


class TagCount(BaseModel):
    """A tag and how many posts carry it."""

    name: str
    posts: int


class TagList(BaseModel):
    """The tags in use, the commonest first."""

    items: list[TagCount]
