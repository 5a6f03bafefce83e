"""Prometheus' HTTP API, as far as a gate needs it: raw samples, one number, its clock.

Whatever goes wrong there (no connection, a time-out, an error status, an answer that is not its JSON, warnings about
incomplete data, values that are no numbers) is a `CannotDecideError` that says what was asked and what came back.
"""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import httpx

from workbench.adapters.access import Access
from workbench.domain.series import Series
from workbench.errors import CannotDecideError, UsageError

_TIMEOUT_S: Final = 10.0
_SHOWN_CHARACTERS: Final = 120
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Prometheus(Protocol):
    """What a gate asks a Prometheus. Times are epoch seconds."""

    def raw(self, selector: str, start: float, end: float) -> list[Series]:
        """Return the raw samples of the selected series inside the window, stale markers left out."""
        ...

    def number(self, expression: str, *, at: float | None = None) -> float | None:
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


@dataclass(frozen=True)
class Sample:
    """One series and its value of now."""

    labels: Mapping[str, str]
    value: float


class HttpPrometheus:
    """A Prometheus at a URL.

    Raises:
        UsageError: it is no URL of a web server.
    """

    def __init__(self, url: str, *, access: Access | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._access = access or Access.from_environment()
        self._transport = transport
        # HTTP_PROXY speaks of the world outside: a proxy there cannot reach this machine's loopback.
        self._local = _host(url) in _LOOPBACK

    def raw(self, selector: str, start: float, end: float) -> list[Series]:
        # A range selector includes its right end and excludes its left one: a millisecond more keeps both.
        window_ms = max(1, round((end - start) * 1000) + 1)
        result = self._query(f"{selector}[{window_ms}ms]", end)
        with self._expected_shape(selector):
            if (kind := result["resultType"]) != "matrix":
                raise CannotDecideError(f"{self.url} answered {selector} with a {kind}, not with samples")
            return [self._series(selector, one) for one in result["result"]]

    def number(self, expression: str, *, at: float | None = None) -> float | None:
        data = self._query(expression, at)
        with self._expected_shape(expression):
            result = data["result"]
            if len(result) > 1:
                raise CannotDecideError(f"{expression} has {len(result)} series at {self.url}, at most one is expected")
            return self._value(expression, result[0]["value"][1]) if result else None

    def vector(self, expression: str) -> list[Sample]:
        """Return an expression's series with their values of now; not a number is one here: it is only looked at.

        Raises:
            CannotDecideError: Prometheus could not be asked, or did not understand.
        """
        data = self._query(expression)
        with self._expected_shape(expression):
            if data["resultType"] == "scalar":
                return [Sample({}, float(data["result"][1]))]
            return [Sample(dict(one["metric"]), float(one["value"][1])) for one in data["result"]]

    def range(self, expression: str, start: float, end: float, step_s: float) -> list[Series]:
        """Return an expression's values at every step; what is not a number then is left out.

        Raises:
            CannotDecideError: Prometheus could not be asked, or did not understand.
        """
        parameters = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_s:g}"}
        data = self._get("/api/v1/query_range", parameters)
        with self._expected_shape(expression):
            return [
                Series(
                    dict(one["metric"]),
                    [(float(time), float(text)) for time, text in one["values"] if math.isfinite(float(text))],
                )
                for one in data["result"]
            ]

    def clock(self) -> float:
        data = self._query("time()")
        with self._expected_shape("time()"):
            return self._value("time()", data["result"][1])

    def scrape_interval_s(self, job: str) -> float:
        data = self._get("/api/v1/targets", {"state": "active"})
        with self._expected_shape("its targets"):
            targets = data["activeTargets"]
            intervals = {str(one["scrapeInterval"]) for one in targets if one["labels"].get("job") == job}
        if len(intervals) != 1:
            raise CannotDecideError(f"{self.url} has no targets of job {job!r}, or with different intervals")
        return _seconds(intervals.pop())

    def started_at(self) -> float:
        # Its own word, not its metric: after a restart the last sample of the old process is still served for minutes.
        text = str(self._get("/api/v1/status/runtimeinfo", {}).get("startTime"))
        try:
            # Go prints nanoseconds, of which Python's parser takes six digits at most.
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
        except ValueError as error:
            raise CannotDecideError(f"{self.url} says that it was started at {text!r}") from error

    def version(self) -> str:
        return str(self._get("/api/v1/status/buildinfo", {}).get("version", "unknown"))

    @contextmanager
    def _expected_shape(self, asked: str) -> Iterator[None]:
        """Turn what another program than Prometheus, or one of another age, answers into a sentence."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CannotDecideError(
                f"{self.url} answered {asked} with something unexpected: {type(error).__name__}: {error}",
                hint="is it a Prometheus, 2.40 or later?",
            ) from error

    def _series(self, selector: str, document: Mapping[str, Any]) -> Series:
        if "histograms" in document:
            raise CannotDecideError(f"{selector} is a native histogram at {self.url}; only counters are judged")
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
            with httpx.Client(
                timeout=_TIMEOUT_S,
                transport=self._transport,
                trust_env=not self._local,
                headers=dict(self._access.headers),
                verify=self._access.tls(),
            ) as client:
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
            data: dict[str, Any] = dict(document["data"]) if document["status"] == "success" else {}
        except (ValueError, KeyError, TypeError) as error:
            shown = " ".join(response.text.split())[:_SHOWN_CHARACTERS]
            raise CannotDecideError(
                f"{self.url}{path} answered {response.status_code} with something that is not Prometheus' JSON: {shown}"
            ) from error
        if document["status"] != "success":
            raise CannotDecideError(f"{self.url}{path} answered {response.status_code}: {document.get('error', '')}")
        if warnings := document.get("warnings"):
            raise CannotDecideError(
                f"{self.url}{path} warns that its answer is incomplete: {'; '.join(map(str, warnings))}"
            )
        return data

    def _value(self, expression: str, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise CannotDecideError(f"{expression} is {text} at {self.url}, which is no number to judge by")
        return value


def _host(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url!r} is no URL: {error}", hint="a Prometheus is at http://HOST:PORT") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise UsageError(f"{url!r} is no http or https URL", hint="a Prometheus is at http://HOST:PORT")
    return parsed.host


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
