"""The demo population: the users and posts that the local platform starts with, from one seeded generator.

Contract: the same seed gives the same population on every machine and every run (only `random.Random` and constant word
lists are used), so that the loader can recognise what it loaded and a load scenario can log in as a user whom it never
created. Pure: nothing here does I/O. The credentials are public by design; they exist on local platforms only.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from chaos.load.prose import FIRST_NAMES, LAST_NAMES, TOPICS, Topic

SEED: Final = 20_260_401
USERS: Final = 24
POSTS: Final = 320
_PARAGRAPHS: Final = (2, 5)
_SENTENCES: Final = (3, 6)


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demo population, with what it takes to register and to log in."""

    handle: str
    display_name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoPost:
    """A post of the demo population; `author` is the handle of one of `demo_users()`."""

    author: str
    title: str
    body: str
    tags: tuple[str, ...]


def demo_users(count: int = USERS, *, seed: int = SEED) -> tuple[DemoUser, ...]:
    """Return the first `count` users; a longer population begins with the shorter one."""
    names = [(first, last) for last in LAST_NAMES for first in FIRST_NAMES]
    if not 1 <= count <= len(names):
        raise ValueError(f"count must be 1 to {len(names)}, not {count}")
    random.Random(f"users:{seed}").shuffle(names)  # noqa: S311 - reproducible on purpose, nothing secret
    return tuple(_user(first, last) for first, last in names[:count])


def demo_tags() -> tuple[str, ...]:
    """Every tag that a demo post can carry, sorted."""
    return tuple(sorted({tag for topic in TOPICS for tag in topic.tags}))


def demo_posts(count: int = POSTS, *, users: int = USERS, seed: int = SEED) -> tuple[DemoPost, ...]:
    """Return the first `count` posts, oldest first; a few authors write most of them, as on any blog."""
    if count < 0:
        raise ValueError(f"count must not be negative: {count}")
    authors = [user.handle for user in demo_users(users, seed=seed)]
    weights = [1 / rank for rank in range(1, len(authors) + 1)]
    rng = random.Random(f"posts:{seed}")  # noqa: S311 - reproducible on purpose, nothing secret
    return tuple(new_post(rng, rng.choices(authors, weights)[0]) for _ in range(count))


def new_post(rng: random.Random, author: str) -> DemoPost:
    """Return one more post in the demo's style, for a scenario that writes while it runs."""
    topic = rng.choice(TOPICS)
    paragraphs = (_paragraph(rng, topic) for _ in range(rng.randint(*_PARAGRAPHS)))
    tags = rng.sample(topic.tags, rng.randint(1, min(3, len(topic.tags))))
    title = _fill(rng, rng.choice(topic.titles), topic)
    return DemoPost(author, title[0].upper() + title[1:], "\n\n".join(paragraphs), tuple(sorted(tags)))


def _user(first: str, last: str) -> DemoUser:
    handle = f"{first}_{last}".lower()
    return DemoUser(
        handle=handle,
        display_name=f"{first} {last}",
        email=f"{handle}@readers.example",
        password=f"{last}-reads-{first}-writes-daily",
    )


def _paragraph(rng: random.Random, topic: Topic) -> str:
    wanted = min(rng.randint(*_SENTENCES), len(topic.sentences))
    return " ".join(_sentence(rng, pattern, topic) for pattern in rng.sample(topic.sentences, wanted))


def _sentence(rng: random.Random, pattern: str, topic: Topic) -> str:
    text = _fill(rng, pattern, topic)
    return text[0].upper() + text[1:]


def _fill(rng: random.Random, pattern: str, topic: Topic) -> str:
    thing, other = rng.sample(topic.things, 2)
    return pattern.format(
        thing=thing, other=other, place=rng.choice(topic.places), number=rng.randint(2, 12), percent=rng.randint(5, 60)
    )
