"""The outermost edge of a service: what comes in gets an id and a deadline, what goes wrong becomes a problem.

This is one of the two places in the code base that catch every exception (the other is the command's main): it logs
an unexpected one once, with the ids of the request, and answers 500 without internals. Pure ASGI.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from time import monotonic
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.context import RequestContext, enter_request
from services.common.errors import (
    DeadlineExceededError,
    InternalError,
    PayloadTooLargeError,
    ProblemError,
    render_problem,
)
from services.common.telemetry.registry import Header, LogMessage

_logger = logging.getLogger(__name__)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# Bounded: Python refuses to read a number of thousands of digits, and nobody waits for eleven days.
_SERVER_ERROR = 500
_MILLISECONDS = re.compile(rb"[0-9]{1,9}")
_LENGTH = re.compile(rb"0*([0-9]{1,18})")

_ID_HEADER = Header.REQUEST_ID.encode()
_BUDGET_HEADER = Header.TIMEOUT_BUDGET.encode()
_PARENT_HEADER = Header.TRACEPARENT.encode()
_STATE_HEADER = Header.TRACESTATE.encode()

Headers = Mapping[bytes, bytes]


class BoundaryMiddleware:
    """Give every request an id and a deadline; answer a problem for every exception and for bodies over the limit."""

    def __init__(
        self, app: ASGIApp, *, request_timeout_s: float, body_limit_bytes: int, trust_timeout_budget: bool = True
    ) -> None:
        self._app = app
        self._trust_timeout_budget = trust_timeout_budget
        self._request_timeout_s = request_timeout_s
        self._body_limit_bytes = body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        context = self._context(headers)
        enter_request(context)
        scope["titanium.request_id"] = context.request_id
        answer = _Answer(send, context.request_id)
        body = _LimitedBody(receive, self._body_limit_bytes)
        error = await self._serve(scope, headers, body, answer, context.remaining_s())
        if error is not None and not answer.started:
            response = render_problem(error, instance=scope["path"], request_id=context.request_id)
            await response(scope, receive, answer)
        if answer.status >= _SERVER_ERROR:
            # Whoever reads what a user saw finds the request's id, trace and span in this line.
            about = {"status": answer.status, "path": scope["path"], "method": scope["method"]}
            _logger.warning(LogMessage.FAILED_ANSWER.value, extra=about)

    async def _serve(
        self, scope: Scope, headers: Headers, body: "_LimitedBody", answer: "_Answer", timeout_s: float
    ) -> ProblemError | None:
        """Run the application; the returned error is to be rendered, if the answer has not begun yet."""
        try:
            body.refuse_declared_length(headers)
            async with asyncio.timeout(timeout_s):
                await self._app(scope, body, answer)
        except ProblemError as error:
            return error
        except TimeoutError:
            return DeadlineExceededError()
        except Exception:
            _logger.exception("unexpected error", extra={"path": scope["path"], "method": scope["method"]})
            return InternalError()
        return None

    def _context(self, headers: Headers) -> RequestContext:
        request_id = headers.get(_ID_HEADER, b"")
        parent, state = headers.get(_PARENT_HEADER), headers.get(_STATE_HEADER)
        return RequestContext(
            request_id=request_id.decode() if _REQUEST_ID.fullmatch(request_id) else uuid4().hex,
            deadline=monotonic() + self._budget_s(headers.get(_BUDGET_HEADER, b"")),
            traceparent=parent.decode("latin-1") if parent else None,
            tracestate=state.decode("latin-1") if state else None,
        )

    def _budget_s(self, header: bytes) -> float:
        """Return the caller's remaining time, never more than our own limit; what is not a number is ignored."""
        if not self._trust_timeout_budget or not _MILLISECONDS.fullmatch(header):
            return self._request_timeout_s
        return min(int(header) / 1000, self._request_timeout_s)


class _Answer:
    """The send channel: remembers the answer's status once it has begun, and gives it the request's id."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0

    @property
    def started(self) -> bool:
        return self.status > 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (_ID_HEADER, self._request_id)]
        await self._send(message)


class _LimitedBody:
    """The receive channel: counts the body, since Content-Length may be absent (chunked) or wrong."""

    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive = receive
        self._limit_bytes = limit_bytes
        self._received = 0

    def refuse_declared_length(self, headers: Headers) -> None:
        declared = headers.get(b"content-length", b"")
        length = _LENGTH.fullmatch(declared)
        if declared.isdigit() and (length is None or int(length[1]) > self._limit_bytes):
            raise PayloadTooLargeError(f"The body may have up to {self._limit_bytes} bytes.")

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._limit_bytes:
                # The framework's own class: FastAPI turns any other exception while it reads the body into 400.
                raise HTTPException(PayloadTooLargeError.status)
        return message
