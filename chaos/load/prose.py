"""The word lists of the demo population: names, and per topic the titles, sentences, things, places and tags.

Contract: constants only. A pattern may use the fields `thing`, `other`, `place`, `number` and `percent`; every topic
has at least two things, three tags and enough sentences for a paragraph, which a test asserts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """What one kind of post is written from."""

    tags: tuple[str, ...]
    titles: tuple[str, ...]
    sentences: tuple[str, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]


FIRST_NAMES: Final = (
    "Ada", "Bela", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jonas",
    "Kemi", "Luca", "Mira", "Noor", "Olga", "Pavel", "Rosa", "Sami", "Tara", "Yuki",
)  # fmt: skip
LAST_NAMES: Final = (
    "Almeida", "Brandt", "Castel", "Dahl", "Eriksen", "Fontaine", "Gruber", "Haddad",
    "Ito", "Jansen", "Kovac", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov",
)  # fmt: skip

_RELIABILITY = Topic(
    tags=("reliability", "on-call", "observability", "slo"),
    titles=(
        "What {number} weeks of {thing} taught us",
        "The night {thing} stopped trusting {other}",
        "{thing}, measured instead of guessed",
        "A small budget for {thing}",
        "Why we page on {thing} and not on {other}",
    ),
    sentences=(
        "we had {thing} on a dashboard for {number} months before anybody asked what it was for.",
        "the alert fired at four in the morning and pointed at {thing}, which was innocent.",
        "{other} turned out to be the part that nobody had written down.",
        "after the change, the slowest {percent} percent of requests no longer waited for {thing}.",
        "an error budget is a conversation between {place} and everyone else.",
        "nothing about {thing} was hard; finding it in {place} was.",
        "we deleted {number} alerts and kept the one that users would have noticed.",
        "the lesson is dull and therefore useful: write the runbook while {thing} is still broken.",
    ),
    things=(
        "the retry budget", "the connection pool", "the burn-rate alert", "the canary", "queue depth",
        "tail latency", "the health check", "the certificate rotation",
    ),
    places=("the payments team", "the staging cluster", "the incident channel", "the post-mortem"),
)  # fmt: skip

_PYTHON = Topic(
    tags=("python", "asyncio", "typing", "testing"),
    titles=(
        "{thing} without tears",
        "{number} things I got wrong about {thing}",
        "From {other} to {thing}, one commit at a time",
        "A closer look at {thing}",
    ),
    sentences=(
        "I used to reach for {thing} first and read the documentation of {other} later.",
        "the profiler said that {percent} percent of the time went into {thing}.",
        "a test that cannot fail is a comment that takes {number} seconds to run.",
        "in {place} the smallest version of {thing} was also the fastest one.",
        "typing {thing} strictly found {number} bugs before lunch.",
        "the trick is to let {other} own the clock and to pass everything else in.",
        "cancellation is where {thing} shows its manners.",
        "if you remember one line of this post, let it be the one about {other}.",
    ),
    things=(
        "structured concurrency", "the event loop", "a frozen dataclass", "the import system", "property-based testing",
        "a context manager", "the type checker", "a bounded queue",
    ),
    places=("our build", "a weekend project", "the standard library", "a service of ours"),
)  # fmt: skip

_GARDEN = Topic(
    tags=("garden", "seasons", "food"),
    titles=(
        "{thing} in a year without rain",
        "Making room for {thing}",
        "{number} kinds of {thing}, ranked by the snails",
        "Notes from {place}: {thing}",
    ),
    sentences=(
        "{place} gets the sun for {number} hours, which {thing} forgive and {other} do not.",
        "last spring I planted {thing} too early and lost {percent} percent of them to one cold night.",
        "my neighbour swears by {other}, and her table in August agrees with her.",
        "water early, mulch deeply, and leave {thing} alone.",
        "by the end of June there were {number} baskets of {thing} and no more recipes.",
        "{other} came back on their own, as if to make a point.",
        "there is no hurry in {place}; that is the whole appeal.",
    ),
    things=("tomatoes", "runner beans", "currants", "pumpkins", "old roses", "artichokes", "radishes"),
    places=("the south wall", "the allotment", "the cold frame", "the bed behind the shed"),
)

_KITCHEN = Topic(
    tags=("baking", "food", "recipes"),
    titles=(
        "{thing} for people who have {number} minutes",
        "The patient way to make {thing}",
        "{thing}, and what to do with {other} left over",
    ),
    sentences=(
        "start {thing} the evening before and let {place} do the work.",
        "{percent} grams less sugar made {thing} taste more of itself.",
        "I have tried it with {other}; do not try it with {other}.",
        "after {number} attempts the crust finally sang when it cooled.",
        "serve it warm, with {other}, to somebody who has been outside.",
        "the recipe came from {place} and has been wrong in the same way for decades.",
    ),
    things=("rye bread", "apricot jam", "a plain lentil soup", "flatbread", "plum cake", "pickled cucumbers"),
    places=("the refrigerator", "my grandmother's notebook", "the bakery on the corner", "a cold oven"),
)

_CYCLING = Topic(
    tags=("cycling", "travel", "maps"),
    titles=(
        "{number} days along {place}",
        "{thing} on the way to {place}",
        "Packing less: {thing} or {other}",
    ),
    sentences=(
        "we left {place} with {thing} and arrived without it.",
        "the climb is {number} kilometres long and the last {percent} percent of it is gravel.",
        "a paper map does not run out of battery, but {other} did.",
        "rain found us near {place} and kept us company for {number} hours.",
        "the ferry takes bicycles, dogs and, after some discussion, {thing}.",
        "on the third morning {thing} seemed like a very good idea.",
    ),
    things=("a spare tube", "the lighter tent", "a second pair of gloves", "a dynamo lamp", "the good coffee"),
    places=("the river path", "the old pass road", "the coast", "the border"),
)

TOPICS: Final = (_RELIABILITY, _PYTHON, _GARDEN, _KITCHEN, _CYCLING)
