"""Traces by Jaeger's API: by a request's id, which Envoy writes on its spans, or by the trace's own."""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

import httpx

from workbench.domain.trace import Span, Trace
from workbench.errors import CannotDecideError

# Envoy's name of the header x-request-id on a span.
REQUEST_ID_TAG: Final = "guid:x-request-id"
# Every request enters through it, and Jaeger searches one service at a time.
INGRESS: Final = "istio-ingressgateway.istio-ingress"
_TIMEOUT_S: Final = 10.0
_NOT_FOUND: Final = 404


class Traces(Protocol):
    """Where traces are found."""

    def by_request(self, request_id: str) -> Trace | None: ...

    def by_id(self, trace_id: str) -> Trace | None: ...


class Jaeger:
    """A Jaeger at a URL."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        self._transport = transport

    def by_request(self, request_id: str) -> Trace | None:
        """Return the trace of a request, None when there is none.

        Raises:
            CannotDecideError: Jaeger does not answer, or not as expected.
        """
        tags = json.dumps({REQUEST_ID_TAG: request_id})
        return self._first("/api/traces", {"service": INGRESS, "tags": tags, "lookback": "48h", "limit": "1"})

    def by_id(self, trace_id: str) -> Trace | None:
        """Return a trace, None when there is none; raises like `by_request`."""
        return self._first(f"/api/traces/{trace_id}", {})

    def latest(self, service: str, tags: str, span_us: tuple[int, int], most: int) -> list[Trace]:
        """Return the latest traces of a service within a time; `tags` is a JSON object of texts, or empty.

        Raises:
            CannotDecideError: Jaeger does not answer, or not as expected.
        """
        start, end = (str(micros) for micros in span_us)
        asked = {"service": service, "start": start, "end": end, "limit": str(most), **({"tags": tags} if tags else {})}
        return self._all("/api/traces", asked)

    def _first(self, path: str, parameters: Mapping[str, str]) -> Trace | None:
        return next(iter(self._all(path, parameters)), None)

    def _all(self, path: str, parameters: Mapping[str, str]) -> list[Trace]:
        try:
            # The platform's own Jaeger: a proxy of the environment cannot reach this machine's loopback.
            with httpx.Client(timeout=_TIMEOUT_S, transport=self._transport, trust_env=False) as client:
                response = client.get(self.url + path, params=dict(parameters))
        except httpx.HTTPError as error:
            raise CannotDecideError(
                f"Jaeger does not answer at {self.url}: {str(error) or type(error).__name__}",
                hint="is the platform up? titanium status",
            ) from error
        if response.status_code == _NOT_FOUND:
            return []
        try:
            return [_trace(one) for one in response.json()["data"] or []]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise CannotDecideError(f"{self.url}{path} answered {response.status_code}, not with traces") from error


def _trace(document: Mapping[str, Any]) -> Trace:
    services = {key: str(process["serviceName"]) for key, process in document["processes"].items()}
    return Trace(str(document["traceID"]), tuple(_span(one, services) for one in document["spans"]))


def _span(document: Mapping[str, Any], services: Mapping[str, str]) -> Span:
    parents = [one["spanID"] for one in document["references"] if one["refType"] == "CHILD_OF"]
    return Span(
        span_id=str(document["spanID"]),
        parent_id=str(parents[0]) if parents else "",
        service=services[document["processID"]],
        name=str(document["operationName"]),
        start_us=int(document["startTime"]),
        duration_us=int(document["duration"]),
        tags={str(tag["key"]): _text(tag["value"]) for tag in document["tags"]},
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
