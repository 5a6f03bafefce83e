"""The demo population is reproducible, valid for the public API and looks like a blog."""

from __future__ import annotations

import random
import re
import string
from collections import Counter

import pytest

from chaos.load.population import POSTS, USERS, DemoPost, demo_posts, demo_tags, demo_users, new_post
from chaos.load.prose import TOPICS, Topic


def test_the_same_seed_gives_the_same_population() -> None:
    assert demo_users() == demo_users()
    assert demo_posts() == demo_posts()


def test_another_seed_gives_another_population() -> None:
    assert demo_users() != demo_users(seed=1)
    assert [post.body for post in demo_posts(5)] != [post.body for post in demo_posts(5, seed=1)]


def test_a_longer_population_begins_with_the_shorter_one() -> None:
    assert demo_users(40)[:USERS] == demo_users(USERS)
    assert demo_posts(POSTS)[:10] == demo_posts(10)


def test_credentials_are_unique_and_fit_the_public_api() -> None:
    users = demo_users(300)
    assert len({user.handle for user in users}) == len({user.email for user in users}) == 300
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{2,29}", user.handle) for user in users)
    assert all(12 <= len(user.password) <= 128 for user in users)


def test_a_few_hundred_posts_are_spread_over_known_authors_and_tags() -> None:
    posts = demo_posts()
    assert len(posts) == POSTS >= 300
    assert {post.author for post in posts} <= {user.handle for user in demo_users()}
    assert {tag for post in posts for tag in post.tags} == set(demo_tags())
    busiest = Counter(post.author for post in posts).most_common(1)[0][1]
    assert busiest > 2 * POSTS / USERS


def test_text_looks_written_and_no_field_is_left_unfilled() -> None:
    posts = demo_posts()
    assert len({post.body for post in posts}) == POSTS
    for post in posts:
        assert not set("{}") & set(post.title + post.body)
        assert post.title[0].isupper() or post.title[0].isdigit()
        assert len(post.title) <= 120
        assert 200 <= len(post.body) <= 5_000


def test_a_new_post_belongs_to_the_author_who_asked() -> None:
    post = new_post(random.Random(7), "ada_ito")  # noqa: S311 - a seeded generator is the point
    assert isinstance(post, DemoPost)
    assert post.author == "ada_ito"
    assert post.tags


@pytest.mark.parametrize("count", [0, -1, 10_000])
def test_a_count_of_users_that_cannot_be_made_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="count must be"):
        demo_users(count)


def test_a_negative_count_of_posts_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        demo_posts(-1)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.tags[0])
def test_every_topic_has_enough_words_and_only_known_fields(topic: Topic) -> None:
    assert len(topic.things) >= 2
    assert len(topic.tags) >= 3
    assert len(topic.sentences) >= 6
    fields = {name for text in topic.titles + topic.sentences for _, name, _, _ in string.Formatter().parse(text)}
    assert fields <= {"thing", "other", "place", "number", "percent", None}
