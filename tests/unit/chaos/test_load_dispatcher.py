"""The open loop with a fake server: what is due is started, and every wait counts from the intended start."""

from __future__ import annotations

import random
import time
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from chaos.load.dispatcher import CUT_OFF, Answer, OpenLoop, Outcome, judge
from chaos.load.plan import LoadPlan
from chaos.load.population import demo_users
from chaos.load.scenarios import read_the_front_page
from chaos.load.schedule import Arrival, schedule
from chaos.load.target import Target
from chaos.load.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.load.recording import Recording
    from chaos.load.scenarios import Call

TARGET = Target(url="http://127.0.0.1:23500", host="127.0.0.1", port=23500)
PAGE = {
    "items": [
        {
            "id": "p1",
            "title": "t",
            "tags": ["sre"],
            "author": {"handle": "ada"},
            "published_at": "2026-04-01T00:00:00Z",
        }
    ],
    "next_cursor": None,
}


def a_plan(**changes: Any) -> LoadPlan:  # noqa: ANN401  the plan's own fields
    return LoadPlan(
        **{"target": TARGET, "rate_rps": 100.0, "duration_s": 0.5, "warmup_s": 0.0, "timeout_s": 0.5, **changes}
    )


def front_pages(plan: LoadPlan) -> list[Arrival]:
    return [arrival._replace(scenario="read the front page") for arrival in schedule(plan)]


def answer_at_once(_call: Call) -> Answer:
    return Answer(monotonic(), 200, PAGE, 10)


def run(plan: LoadPlan, send: Callable[[Call], Answer], **options: Any) -> Recording:  # noqa: ANN401  OpenLoop's own
    loop = OpenLoop(plan, World(accounts=demo_users()), send, **options)
    return loop.run(front_pages(plan), start=monotonic())


def test_every_arrival_is_started_once_and_the_warm_up_is_dropped() -> None:
    calls: list[Call] = []
    outcomes: list[Outcome] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        return answer_at_once(call)

    recording = run(a_plan(warmup_s=0.2, duration_s=0.3), send, report=outcomes.append)
    assert len(calls) == len(outcomes) == 50
    assert (recording.offered, recording.dropped, recording.interrupted) == (30, 0, False)
    assert min(recording.intended_s) == pytest.approx(0.2)
    assert len(recording.lag_ms) == 30
    assert set(recording.reason) == {0}


def test_time_that_the_generator_itself_loses_counts_as_latency() -> None:
    # The very first request blocks the whole process for 0.3 s, as a busy machine would: the 29 that were due meanwhile
    # are started late. Measured from the actual start they would look instant.
    blocked: list[bool] = []

    def send(call: Call) -> Answer:
        if not blocked:
            blocked.append(True)
            time.sleep(0.3)
        return answer_at_once(call)

    recording = run(a_plan(), send)
    late = [latency for latency, due in zip(recording.latency_ms, recording.intended_s, strict=True) if due < 0.25]
    assert len(late) == 25
    assert min(late) >= 45
    assert max(late) >= 295
    assert max(recording.lag_ms) >= 285
    assert sorted(recording.lag_ms)[-10] > 150


def test_a_slow_answer_delays_nobody_else() -> None:
    def send(call: Call) -> Answer:
        gevent.sleep(0.2)
        return answer_at_once(call)

    recording = run(a_plan(), send)
    assert recording.started == 50
    assert min(recording.latency_ms) >= 199
    assert sorted(recording.lag_ms)[40] < 50


def test_an_arrival_that_finds_the_pool_full_is_dropped_and_counted() -> None:
    def send(call: Call) -> Answer:
        gevent.sleep(0.1)
        return answer_at_once(call)

    recording = run(a_plan(max_in_flight=4), send)
    # Four at a time, 0.1 s each, for 0.5 s: some 20 are served.
    assert 16 <= recording.started <= 24
    assert recording.offered == 50
    assert len(recording.lag_ms) == 50


def test_what_never_ends_is_a_failure_with_the_latency_it_has_reached() -> None:
    def send(call: Call) -> Answer:
        gevent.sleep(60)
        return answer_at_once(call)

    began = monotonic()
    recording = run(a_plan(duration_s=0.1, timeout_s=0.1), send)
    assert monotonic() - began < 5
    assert recording.started == 10
    assert {recording.reasons.names[number] for number in recording.reason} == {CUT_OFF}
    assert min(recording.latency_ms) > 500


def test_an_interruption_keeps_what_was_measured_and_marks_it() -> None:
    plan = a_plan(duration_s=30.0)
    loop = OpenLoop(plan, World(accounts=demo_users()), answer_at_once)
    gevent.spawn_later(0.2, loop.interrupt)
    began = monotonic()
    recording = loop.run(front_pages(plan), start=began)
    assert monotonic() - began < 3
    assert recording.interrupted
    assert 15 <= recording.started <= 30
    assert recording.ended_offset_s == pytest.approx(0.2, abs=0.15)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(0.0, error="connection reset"), "connection reset"),
        (Answer(0.0, 500), "HTTP 500"),
        (Answer(0.0, 204), "HTTP 204"),
        (Answer(0.0, 200, {"items": []}), "wrong body: the page is empty"),
        (Answer(0.0, 200, PAGE), ""),
    ],
)
def test_an_answer_is_judged_by_error_then_status_then_content(answer: Answer, reason: str) -> None:
    call = read_the_front_page(World(accounts=()), random.Random(1))  # noqa: S311  reproducible, not a secret
    assert judge(call, answer) == reason


def test_a_rate_beyond_the_machine_still_lets_answers_through() -> None:
    # Everything is due at once: without pauses the loop would start all before the first answer is read.
    plan = a_plan(rate_rps=100_000.0, duration_s=0.02, max_in_flight=40)
    recording = run(plan, answer_at_once)
    assert recording.offered == 2000
    assert recording.dropped == 0
