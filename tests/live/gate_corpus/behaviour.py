"""How a build answers: the words in which `builds` tells it, and what each of them does to a request.

A build answers like a healthy one (a few milliseconds, log-normal) unless an effect says otherwise. An effect is begun
once a run with that run's dice, so that it may remember (a queue, a lock), and then changes answer after answer.
`when(some(0.08), takes(900))` reads as it works. Times are seconds, durations and latencies milliseconds.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

TIMEOUT_MS: Final = 10_000.0
"""After which the load generator gives up (`chaos.load.plan`): the mesh then counts code 0."""

HEALTHY_MS: Final = 8.0
_HEALTHY_SPREAD: Final = 0.4


@dataclass(frozen=True, slots=True)
class Moment:
    """One user who comes: `at` seconds after the load began, `left` before it ends; what and who it is about."""

    at: float
    left: float
    endpoint: str
    tenant: int
    replica: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back. `latency_ms` counts from the intended start, `unseen_ms` of it passed before the mesh's clock.

    `complaint` is what the client finds wrong (empty: it got what it asked for), `attempts` how many requests the
    ingress made of it.
    """

    latency_ms: float
    code: int = 200
    complaint: str = ""
    unseen_ms: float = 0.0
    attempts: int = 1


Serve = Callable[[Moment, Answer], Answer]
Effect = Callable[[Random], Serve]
Condition = Callable[[Moment, Random], bool]
Change = Callable[[Moment, Answer, Random], Answer]


def healthy(dice: Random) -> Answer:
    """Answer as the platform does today."""
    return Answer(dice.lognormvariate(math.log(HEALTHY_MS), _HEALTHY_SPREAD))


def when(condition: Condition, change: Change) -> Effect:
    """Change the answers to some of the requests."""

    def begin(dice: Random) -> Serve:
        return lambda moment, answer: change(moment, answer, dice) if condition(moment, dice) else answer

    return begin


# Which requests.


def always(_moment: Moment, _dice: Random) -> bool:
    """Every request."""
    return True


def some(share: float) -> Condition:
    """Requests at random."""
    return lambda _, dice: dice.random() < share


def endpoint(*names: str) -> Condition:
    """The requests to these endpoints."""
    return lambda moment, _: moment.endpoint in names


def tenants(percent: int) -> Condition:
    """The requests of some of a hundred tenants."""
    return lambda moment, _: moment.tenant < percent


def one_replica(moment: Moment, _dice: Random) -> bool:
    """A third of the requests, in turn."""
    return moment.replica == 0


def after(seconds: float) -> Condition:
    """What comes later than that after the load began."""
    return lambda moment, _: moment.at >= seconds


def before(seconds: float) -> Condition:
    """What comes earlier than that after the load began."""
    return lambda moment, _: moment.at < seconds


def last(seconds: float) -> Condition:
    """What comes at the end of the load."""
    return lambda moment, _: moment.left <= seconds


def both(one: Condition, other: Condition) -> Condition:
    """What both conditions hold for."""
    return lambda moment, dice: one(moment, dice) and other(moment, dice)


# What happens to them.


def plus(ms: float) -> Change:
    """Longer by a constant."""
    return lambda _, answer, __: replace(answer, latency_ms=answer.latency_ms + ms)


def takes(ms: float, *, spread: float = 0.0) -> Change:
    """Log-normal around a median, or exactly that long."""
    return lambda _, answer, dice: replace(
        answer, latency_ms=dice.lognormvariate(math.log(ms), spread) if spread else ms
    )


def grows(ms_per_s: float) -> Change:
    """Slower with every second."""
    return lambda moment, answer, _: replace(answer, latency_ms=answer.latency_ms + ms_per_s * moment.at)


def queries(fewest: int, most: int, *, each_ms: float) -> Change:
    """One query a listed item instead of one for all."""
    return lambda _, answer, dice: replace(answer, latency_ms=answer.latency_ms + each_ms * dice.randint(fewest, most))


def unseen(ms: float) -> Change:
    """Longer where the mesh does not look: before its clock starts, or after it stopped."""
    return lambda _, answer, __: replace(answer, latency_ms=answer.latency_ms + ms, unseen_ms=answer.unseen_ms + ms)


def fails(code: int, *, after_ms: float | None = None) -> Change:
    """An error status, at once or after some time; 0 is a connection that is cut."""
    complaint = f"status {code}" if code else "connection reset"
    return lambda _, answer, __: replace(
        answer, code=code, complaint=complaint, latency_ms=after_ms or answer.latency_ms
    )


def refuses(code: int) -> Change:
    """An answer that the user deserves: the wrong password, a post that is not there, too many attempts."""
    return lambda _, answer, __: replace(answer, code=code)


def lies(complaint: str) -> Change:
    """Status 200, and not what was asked for."""
    return lambda _, answer, __: replace(answer, complaint=complaint)


def retried(share: float, *, attempts: int, each_ms: float) -> Effect:
    """The ingress tries again, and again, what timed out."""

    def change(_moment: Moment, answer: Answer, dice: Random) -> Answer:
        tries = next((n for n in range(1, attempts) if dice.random() >= share), attempts)
        return replace(answer, latency_ms=answer.latency_ms + each_ms * (tries - 1), attempts=tries)

    return when(always, change)


# What remembers.


def stalls(*, every_s: float, for_s: float) -> Effect:
    """Nothing is answered for a while (a full collection, a checkpoint); who comes meanwhile waits for its end."""

    def change(moment: Moment, answer: Answer, _dice: Random) -> Answer:
        over = every_s / 2 + for_s - moment.at % every_s
        return plus(over * 1000)(moment, answer, _dice) if 0 < over <= for_s else answer

    return when(always, change)


def pool(places: int, *, median_ms: float, spread: float = 0.3) -> Effect:
    """So many requests are worked on at once, the others wait in line (open loop: they keep coming)."""

    def begin(dice: Random) -> Serve:
        free_at = [0.0] * places

        def serve(moment: Moment, answer: Answer) -> Answer:
            begins = max(moment.at, heapq.heappop(free_at))
            ends = begins + dice.lognormvariate(math.log(median_ms), spread) / 1000
            # Who has given up is not worked on: the line has an end.
            heapq.heappush(free_at, ends if begins - moment.at < TIMEOUT_MS / 1000 else begins)
            return replace(answer, latency_ms=answer.latency_ms + (ends - moment.at) * 1000)

        return serve

    return begin


def lock(share: float, *, held_ms: float) -> Effect:
    """Some requests hold a lock that all need: a convoy forms behind each of them."""

    def begin(dice: Random) -> Serve:
        free_at = 0.0

        def serve(moment: Moment, answer: Answer) -> Answer:
            nonlocal free_at
            waits_s = max(0.0, free_at - moment.at)
            if dice.random() < share:
                free_at = moment.at + waits_s + held_ms / 1000
            return replace(answer, latency_ms=answer.latency_ms + waits_s * 1000)

        return serve

    return begin
