"""What one request carries through a service: its id, its time budget and its trace context.

Kept in a context variable, so that log lines and outgoing calls find it without every function passing it on.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The request being answered; `deadline` is a time of `time.monotonic()` in seconds."""

    request_id: str
    deadline: float
    traceparent: str | None = None
    tracestate: str | None = None

    def remaining_s(self) -> float:
        """Return the seconds left of the request's budget; negative when it is used up."""
        return self.deadline - monotonic()

    def trace_ids(self) -> tuple[str, str] | None:
        """Return trace id and span id of the caller (W3C Trace Context: version-trace-span-flags)."""
        parts = (self.traceparent or "").split("-")
        return (parts[1], parts[2]) if len(parts) >= 4 and len(parts[1]) == 32 and len(parts[2]) == 16 else None  # noqa: PLR2004 - lengths of the W3C format


_current: ContextVar[RequestContext | None] = ContextVar("titanium_request", default=None)


def current_request() -> RequestContext | None:
    """Return the request being answered, or None outside of one (start-up, background work)."""
    return _current.get()


def enter_request(context: RequestContext) -> None:
    """Make this the current request of the running task; tasks end with their request, so nothing resets it."""
    _current.set(context)
