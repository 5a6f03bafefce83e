"""Prometheus' HTTP API, as far as a gate needs it: raw samples, one number, its clock.

Whatever goes wrong there (no connection, a time-out, an error status, an answer that is not its JSON, warnings about
incomplete data, values that are no numbers) is a `CannotDecideError` that says what was asked and what came back.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import httpx

from workbench.domain.series import Series
from workbench.errors import CannotDecideError

_TIMEOUT_S: Final = 10.0
_SHOWN_CHARACTERS: Final = 120


class Prometheus(Protocol):
    """What a gate asks a Prometheus. Times are epoch seconds."""

    def raw(self, selector: str, start: float, end: float) -> list[Series]:
        """Return the raw samples of the selected series inside the window, stale markers left out."""
        ...

    def number(self, expression: str) -> float | None:
        """Return the value of an expression that has one series at most; None when it has none."""
        ...

    def clock(self) -> float:
        """Return Prometheus' own time."""
        ...

    def scrape_interval_s(self, job: str) -> float:
        """Return how often the job's targets are scraped."""
        ...

    def started_at(self) -> float:
        """Return when this Prometheus was started."""
        ...

    def version(self) -> str:
        """Return Prometheus' version."""
        ...


class HttpPrometheus:
    """A Prometheus at a URL."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._transport = transport

    def raw(self, selector: str, start: float, end: float) -> list[Series]:
        # A range selector includes its right end and excludes its left one: a millisecond more keeps both.
        window_ms = max(1, round((end - start) * 1000) + 1)
        result = self._query(f"{selector}[{window_ms}ms]", end)
        if result["resultType"] != "matrix":
            raise CannotDecideError(f"{self.url} answered {selector} with a {result['resultType']}, not with samples")
        return [self._series(selector, one) for one in result["result"]]

    def number(self, expression: str) -> float | None:
        result = self._query(expression)["result"]
        if len(result) > 1:
            raise CannotDecideError(f"{expression} has {len(result)} series at {self.url}, at most one is expected")
        return self._value(expression, result[0]["value"][1]) if result else None

    def clock(self) -> float:
        return self._value("time()", self._query("time()")["result"][1])

    def scrape_interval_s(self, job: str) -> float:
        targets = self._get("/api/v1/targets", {"state": "active"})["activeTargets"]
        intervals = {one["scrapeInterval"] for one in targets if one["labels"].get("job") == job}
        if len(intervals) != 1:
            raise CannotDecideError(f"{self.url} has no targets of job {job!r}, or with different intervals")
        return _seconds(intervals.pop())

    def started_at(self) -> float:
        # Its own word, not its metric: after a restart the last sample of the old process is still served for minutes.
        text = str(self._get("/api/v1/status/runtimeinfo", {})["startTime"])
        try:
            # Go prints nanoseconds, of which Python's parser takes six digits at most.
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
        except ValueError as error:
            raise CannotDecideError(f"{self.url} says that it was started at {text!r}") from error

    def version(self) -> str:
        return str(self._get("/api/v1/status/buildinfo", {})["version"])

    def _series(self, selector: str, document: Mapping[str, Any]) -> Series:
        samples = [(float(time), self._value(selector, value)) for time, value in document["values"]]
        return Series(dict(document["metric"]), samples)

    def _query(self, expression: str, time: float | None = None) -> dict[str, Any]:
        parameters = {"query": expression}
        if time is not None:
            parameters["time"] = f"{time:.3f}"
        return self._get("/api/v1/query", parameters)

    def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        try:
            # A dozen questions a run: a connection each is cheaper than owning a client that has to be closed.
            with httpx.Client(timeout=_TIMEOUT_S, transport=self._transport) as client:
                response = client.get(self.url + path, params=dict(parameters))
        except httpx.HTTPError as error:
            raise CannotDecideError(
                f"Prometheus does not answer at {self.url}: {str(error) or type(error).__name__}",
                hint="is the platform up? titanium status",
            ) from error
        return self._data(path, response)

    def _data(self, path: str, response: httpx.Response) -> dict[str, Any]:
        try:
            document = response.json()
            data: dict[str, Any] = document["data"] if document["status"] == "success" else {}
        except (ValueError, KeyError, TypeError) as error:
            shown = " ".join(response.text.split())[:_SHOWN_CHARACTERS]
            raise CannotDecideError(
                f"{self.url}{path} answered {response.status_code} with something that is not Prometheus' JSON: {shown}"
            ) from error
        if document["status"] != "success":
            raise CannotDecideError(f"{self.url}{path} answered {response.status_code}: {document.get('error', '')}")
        if warnings := document.get("warnings"):
            raise CannotDecideError(f"{self.url}{path} warns that its answer is incomplete: {'; '.join(warnings)}")
        return data

    def _value(self, expression: str, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise CannotDecideError(f"{expression} is {text} at {self.url}, which is no number to judge by")
        return value


_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(duration: str) -> float:
    """Return seconds of a Prometheus duration such as `1m30s`."""
    total, rest = 0.0, duration
    while rest:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        unit = next((u for u in ("ms", "s", "m", "h") if digits and rest[len(digits) :].startswith(u)), None)
        if unit is None:
            raise CannotDecideError(f"{duration!r} is not a duration that this gate knows")
        total += int(digits) * _UNITS[unit]
        rest = rest[len(digits) + len(unit) :]
    return total
