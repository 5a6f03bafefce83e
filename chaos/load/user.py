"""The one Locust user of a generator process: it does not browse, it keeps the schedule for everybody.

Contract: `OpenLoopUser` (fixed count 1) hands Locust's fast HTTP client to the open loop and reports each request to
`events.request` with the time since its *intended* start, so Locust's own pages show the same truth as the result.
`HttpSender` turns a `Call` into an `Answer` and never raises for what a server or a network can do.
"""

from __future__ import annotations

import json
from time import monotonic, time
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.response import HTTPConnectionClosed
from locust import FastHttpUser, task
from locust.contrib.fasthttp import LocustUserAgent
from locust.event import EventHook
from locust.exception import StopUser

from chaos.load.dispatcher import Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.load.plan import LoadPlan
    from chaos.load.scenarios import Call

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timeout"),
    (gevent.Timeout, "timeout"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (BrokenPipeError, "connection reset"),
    (HTTPConnectionClosed, "connection closed without an answer"),
)


class OneAttemptPool(HTTPClientPool):
    """Connections that are used for one attempt.

    geventhttpclient silently repeats idempotent requests on a closed connection, as often as its pool has room
    (`attempts_left = pool.size + 1`): a server that hangs up a thousand times would count as one slow success.
    The pool's semaphore is sized at construction, so only the number of repetitions depends on `size` afterwards.
    """

    def get_client(self, url: Any) -> HTTPClient:  # noqa: ANN401  a URL object or a string, passed through
        client = super().get_client(url)
        client._connection_pool.size = -1  # noqa: SLF001  there is no public switch
        return client


class HttpSender:
    """Sends calls through Locust's fast HTTP session with one deadline for the whole exchange."""

    def __init__(self, session: Any, plan: LoadPlan) -> None:  # noqa: ANN401  Locust ships no types
        self._session = session
        self._timeout_s = plan.timeout_s
        self._headers = {"Host": plan.target.host_header} if plan.target.host_header else {}

    def __call__(self, call: Call) -> Answer:
        headers = dict(self._headers)
        if call.token:
            headers["Authorization"] = f"Bearer {call.token}"
        try:
            with gevent.Timeout(self._timeout_s):
                response = self._session.request(call.method, call.path, json=call.payload, headers=headers)
        except gevent.Timeout:
            return Answer(monotonic(), error="timeout")
        received_at = monotonic()
        if (error := getattr(response, "error", None)) is not None:
            return Answer(received_at, error=_reason(error))
        return _answer(received_at, response)


def _reason(error: BaseException) -> str:
    # geventhttpclient wraps a timeout in RetriesExceeded, although there is nothing to retry.
    cause = getattr(error, "original", error)
    for kind, reason in _REASONS:
        if isinstance(cause, kind):
            return reason
    return f"connection failed: {type(cause).__name__}"


def _answer(received_at: float, response: Any) -> Answer:  # noqa: ANN401  Locust ships no types
    content: bytes = response.content or b""
    status: int = response.status_code
    if not content:
        return Answer(received_at, status)
    try:
        return Answer(received_at, status, json.loads(content), len(content))
    except ValueError:
        # An error page need not be JSON: its status is the better reason.
        error = "" if status >= 400 else "wrong body: not JSON"  # noqa: PLR2004  HTTP errors start at 400
        return Answer(received_at, status, None, len(content), error)


class PlainAgent(LocustUserAgent):
    """Any status is an answer (the scenarios judge it); redirects are not followed: they could leave this machine."""

    valid_response_codes = frozenset(range(100, 600))
    redirect_response_codes: ClassVar[frozenset[int]] = frozenset()


class OpenLoopUser(FastHttpUser):
    """Locust's view of the whole crowd; `perform` (set by `chaos.load.run`) is what it does, once."""

    fixed_count = 1
    perform: ClassVar[Callable[[OpenLoopUser], None]]

    def on_start(self) -> None:
        """Replace Locust's measuring (from the actual start) and its reading of status codes by ours."""
        self.client.request_event = EventHook()  # type: ignore[no-untyped-call]  # Locust's constructor has no types
        # No cookie jar: it costs a lock and a scan for every request, and this API sets no cookies.
        self.client.client = PlainAgent(
            max_retries=0,
            max_redirects=0,
            client_pool=OneAttemptPool(
                concurrency=self.concurrency,
                connection_timeout=self.connection_timeout,
                network_timeout=self.network_timeout,
            ),
        )

    @task
    def keep_the_schedule(self) -> None:
        """Run the whole load, then leave."""
        type(self).perform(self)
        raise StopUser

    def report(self, outcome: Outcome) -> None:
        """Tell Locust about one request; latency in milliseconds since the intended start."""
        self.environment.events.request.fire(
            request_type=outcome.call.method,
            name=outcome.call.scenario,
            response_time=outcome.latency_ms,
            response_length=outcome.size,
            exception=RuntimeError(outcome.reason) if outcome.reason else None,
            context={},
            start_time=time() - (monotonic() - outcome.started_at),
            url=outcome.call.path,
        )
