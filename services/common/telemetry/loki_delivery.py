"""Delivery of a batch of log lines to Loki: once if it works, again while it may, and in parts if a part is refused.

Contract: `deliver` returns when every line is either accepted or given up, in the order of the lines. It runs in the
shipping thread, never in a caller's. What it gives up is counted by reason, so that accepted and dropped add up.
"""

import gzip
import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from services.common.telemetry.registry import DropReason

Entry = list[Any]  # [nanoseconds as text, line, structured metadata], as Loki's push API takes it
# The name of python-logging-loki's loggers: what is said here is written to stdout and never shipped.
_logger = logging.getLogger("logging_loki.delivery")

RETRY_S: Final = 30.0
"""How long one batch is tried again; meanwhile the queue takes what comes, and drops what does not fit."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_REFUSALS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True)
class Reply:
    """Loki's answer; status 0 is none."""

    status: int
    retry_after_s: float = 0.0

    @property
    def may_work_later(self) -> bool:
        """Whether the same lines may be accepted later: Loki is away, busy or broken."""
        return self.status in (0, HTTPStatus.TOO_MANY_REQUESTS) or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass
class Outcome:
    """What became of a batch's lines."""

    shipped: int = 0
    dropped: Counter[DropReason] = field(default_factory=Counter)


class Delivery:
    """The way to one Loki.

    `post` sends a compressed body; `pause` waits for some seconds and returns whether shipping ends.
    """

    def __init__(self, labels: dict[str, str], post: Callable[[bytes], Reply], pause: Callable[[float], bool]) -> None:
        self._labels = labels
        self._post = post
        self._pause = pause
        self._refusal_was_said = False

    def deliver(self, batch: Sequence[Entry]) -> Outcome:
        """Ship a batch."""
        outcome = Outcome()
        reply = self._send(batch)
        if reply.status == HTTPStatus.NO_CONTENT:
            outcome.shipped += len(batch)
        elif reply.status == HTTPStatus.BAD_REQUEST and len(batch) > 1:
            # Some line is refused (too long, too old). Loki may have kept the others: an equal line at an equal time
            # is one line for it, so that sending them again makes no doubles.
            middle = len(batch) // 2
            for half in (self.deliver(batch[:middle]), self.deliver(batch[middle:])):
                outcome.shipped += half.shipped
                outcome.dropped += half.dropped
        else:
            outcome.dropped[self._reason(reply)] += len(batch)
        return outcome

    def _send(self, batch: Sequence[Entry]) -> Reply:
        """Post a batch, again and again while that may help; return the last answer."""
        body = compressed(self._labels, batch)
        ends = monotonic() + RETRY_S
        reply = self._post(body)
        for pause in pauses():
            wait_s = max(pause, min(reply.retry_after_s, _LONGEST_PAUSE_S))
            if not reply.may_work_later or monotonic() + wait_s > ends or self._pause(wait_s):
                break
            reply = self._post(body)
        return reply

    def _reason(self, reply: Reply) -> DropReason:
        if reply.status == 0:
            return DropReason.UNREACHABLE
        if reply.status not in _REFUSALS:
            return DropReason.REJECTED
        if not self._refusal_was_said:
            self._refusal_was_said = True
            _logger.warning("Loki refuses all lines with %d: is its address right, and its tenant?", reply.status)
        return DropReason.REFUSED


def pauses() -> Iterator[float]:
    """Yield seconds to wait before each further try: doubling, with jitter, so that services do not come at once."""
    pause = _FIRST_PAUSE_S
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def compressed(labels: dict[str, str], batch: Sequence[Entry]) -> bytes:
    """Return the body of a push: one stream, in gzip's fastest level."""
    document = {"streams": [{"stream": labels, "values": list(batch)}]}
    return gzip.compress(json.dumps(document).encode(), compresslevel=1)
