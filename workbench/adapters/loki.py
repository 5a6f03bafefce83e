"""Loki's query API: the numbers of now, and the lines of a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from workbench.adapters.prometheus import Sample
from workbench.domain.series import Series
from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 10.0
_OK: Final = 200


class Loki:
    """A Loki at a URL."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        self._transport = transport

    def vector(self, query: str) -> list[Sample]:
        """Return the series of a metric query and their values of now.

        Raises:
            CannotDecideError: Loki does not answer, or refuses the query.
        """
        return [Sample(one["metric"], float(one["value"][1])) for one in self._ask("query", {"query": query})]

    def range(self, query: str, window_s: tuple[float, float], step_s: float) -> list[Series]:
        """Return a metric query's values at every step; raises like `vector`."""
        start, end = (f"{seconds:.3f}" for seconds in window_s)
        found = self._ask("query_range", {"query": query, "start": start, "end": end, "step": f"{step_s:g}"})
        return [Series(one["metric"], [(float(time), float(text)) for time, text in one["values"]]) for one in found]

    def streams(self, query: str, span_us: tuple[int, int], limit: int) -> list[Mapping[str, Any]]:
        """Return streams with their labels (`stream`) and lines (`values`) of a time; raises like `vector`."""
        start, end = (str(micros * 1000) for micros in span_us)
        return self._ask("query_range", {"query": query, "start": start, "end": end, "limit": str(limit)})

    def _ask(self, kind: str, parameters: Mapping[str, str]) -> list[Any]:
        try:
            # The platform's own Loki: a proxy of the environment cannot reach this machine's loopback.
            with httpx.Client(timeout=_TIMEOUT_S, transport=self._transport, trust_env=False) as client:
                response = client.get(f"{self.url}/loki/api/v1/{kind}", params=dict(parameters))
        except httpx.HTTPError as error:
            raise CannotDecideError(
                f"Loki does not answer at {self.url}: {str(error) or type(error).__name__}",
                hint="is there one? titanium status",
            ) from error
        if response.status_code != _OK:
            raise CannotDecideError(
                f"Loki at {self.url} refuses {parameters['query']!r}: {response.status_code} {response.text.strip()}"
            )
        try:
            found: list[Any] = response.json()["data"]["result"]
        except (ValueError, KeyError, TypeError) as error:
            raise CannotDecideError(f"{self.url} answered 200, but not as Loki does") from error
        return found
