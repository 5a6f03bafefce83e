"""The open loop: start every request when it is due, whatever became of the earlier ones.

Contract: `OpenLoop.run` follows a schedule from a given moment, starts each arrival in a greenlet of its own and
measures from the *intended* start, so time spent waiting for anything (a stalled server, this generator itself)
counts. An arrival that finds the pool exhausted is dropped and counted, never delayed. At the end it waits for what
is in flight up to the request's timeout; what is still out then is a failure with the latency it has reached.
`interrupt` ends the schedule at once and the wait within a second. Needs gevent, but no monkey patching: `send`
decides what a request is.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import gevent
from gevent.pool import Pool

from chaos.load.checks import Json, WrongBodyError
from chaos.load.recording import Recording
from chaos.load.scenarios import PREPARE, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from greenlet import greenlet

    from chaos.load.plan import LoadPlan
    from chaos.load.schedule import Arrival
    from chaos.load.world import World

CUT_OFF = "still in flight at the cut-off"
# After an interruption somebody waits at the terminal.
INTERRUPTED_DRAIN_S = 1.0
# Behind schedule, the loop starts a few requests before it lets the others run: without the pause nobody would ever
# answer, with a pause after each the backlog would shrink at the pace of the slowest greenlet.
BACKLOG_BATCH = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when (monotonic seconds, after the last byte): a status with a body, or an error's reason."""

    received_at: float
    status: int = 0
    body: Json = None
    size: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished request, for whoever listens besides the recording."""

    call: Call
    started_at: float
    latency_ms: float
    size: int
    reason: str


@dataclass(slots=True)
class Live:
    """Counts since the first arrival, warm-up included, and the latest latencies: for progress, not for results."""

    started: int = 0
    failed: int = 0
    dropped: int = 0
    recent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    recent_lag_ms: deque[float] = field(default_factory=lambda: deque(maxlen=1000))


def judge(call: Call, answer: Answer) -> str:
    """Return why this answer is a failure, or an empty string."""
    if answer.error:
        return answer.error
    if answer.status != call.status:
        return f"HTTP {answer.status}"
    try:
        call.check(answer.body)
    except WrongBodyError as wrong:
        return f"wrong body: {wrong}"
    return ""


class OpenLoop:
    """One run of one worker."""

    def __init__(
        self,
        plan: LoadPlan,
        world: World,
        send: Callable[[Call], Answer],
        *,
        worker: int = 0,
        report: Callable[[Outcome], None] = lambda _outcome: None,
    ) -> None:
        self.plan = plan
        self.recording = Recording()
        self.live = Live()
        self._world = world
        self._send = send
        self._report = report
        self._dice = random.Random(f"{plan.seed}/{worker}/details")  # noqa: S311  a reproducible mix, not a secret
        self._pool = Pool(plan.worker_in_flight)
        self._in_flight: dict[int, tuple[Arrival, str]] = {}
        self._start = 0.0
        self._loop: greenlet | None = None

    @property
    def in_flight(self) -> int:
        """Requests that were started and have not ended."""
        return len(self._in_flight)

    def run(self, arrivals: Iterable[Arrival], *, start: float) -> Recording:
        """Follow the schedule from `start` (monotonic seconds) and return what was measured."""
        self._start = start
        self._loop = gevent.getcurrent()
        try:
            self._follow(arrivals)
            self._sleep_until(start + self.plan.total_s)
            self.recording.ended_offset_s = self.plan.total_s
            self._pool.join(timeout=self.plan.timeout_s + 0.5)
        except gevent.GreenletExit:
            self._note_interruption()
            self._pool.join(timeout=INTERRUPTED_DRAIN_S)
        self._cut_off()
        return self.recording

    def interrupt(self) -> None:
        """Stop the schedule now; `run` returns within about a second."""
        if self._loop is not None:
            gevent.kill(self._loop)

    def _note_interruption(self) -> None:
        # During the drain the schedule is already complete: nothing of the measured window is missing but the tail.
        self.recording.interrupted = True
        if not self.recording.ended_offset_s:
            self.recording.ended_offset_s = monotonic() - self._start

    def _follow(self, arrivals: Iterable[Arrival]) -> None:
        backlog = 0
        for arrival in arrivals:
            due = self._start + arrival.offset_s
            if due > monotonic():
                backlog = 0
                self._sleep_until(due)
            elif (backlog := backlog + 1) % BACKLOG_BATCH == 0:
                gevent.sleep(0)
            self._dispatch(arrival)

    @staticmethod
    def _sleep_until(due: float) -> None:
        while (ahead := due - monotonic()) > 0:
            gevent.sleep(ahead)

    def _dispatch(self, arrival: Arrival) -> None:
        if not self._pool.full():
            self.live.started += 1
            self._in_flight[arrival.number] = (arrival, arrival.scenario)
            self._pool.start(self._pool.greenlet_class(self._perform, arrival))
            return
        self.live.dropped += 1
        if self._measured(arrival):
            self.recording.dropped += 1
            self._note_lag(arrival, monotonic())

    def _measured(self, arrival: Arrival) -> bool:
        return arrival.offset_s >= self.plan.warmup_s

    def _note_lag(self, arrival: Arrival, started_at: float) -> None:
        lag_ms = max(0.0, started_at - self._start - arrival.offset_s) * 1000
        self.recording.lag_ms.append(lag_ms)
        self.live.recent_lag_ms.append(lag_ms)

    def _perform(self, arrival: Arrival) -> None:
        started_at = monotonic()
        if self._measured(arrival):
            self._note_lag(arrival, started_at)
        call = PREPARE[arrival.scenario](self._world, self._dice)
        self._in_flight[arrival.number] = (arrival, call.scenario)
        answer = self._send(call)
        reason = judge(call, answer)
        call.settle(None if reason else answer.body)
        if self._in_flight.pop(arrival.number, None) is None:
            return  # the cut-off has counted it already
        latency_ms = self._record(arrival, call.scenario, reason, answer.received_at)
        self._report(Outcome(call, started_at, latency_ms, answer.size, reason))

    def _record(self, arrival: Arrival, scenario: str, reason: str, ended_at: float) -> float:
        latency_ms = (ended_at - self._start - arrival.offset_s) * 1000
        self.live.failed += bool(reason)
        self.live.recent_ms.append(latency_ms)
        if self._measured(arrival):
            self.recording.add(intended_s=arrival.offset_s, latency_ms=latency_ms, scenario=scenario, reason=reason)
        return latency_ms

    def _cut_off(self) -> None:
        now = monotonic()
        leftover, self._in_flight = self._in_flight, {}
        for arrival, scenario in leftover.values():
            self._record(arrival, scenario, CUT_OFF, now)
        self._pool.kill(block=True, timeout=1)
