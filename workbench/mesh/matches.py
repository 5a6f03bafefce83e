"""Route matches: which requests a route is for, and whether a client has the route at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.kinds.virtual_service import HttpMatch, StringMatch
    from workbench.mesh.model import Json


def any_request() -> Json:
    """Return the match of a route without conditions."""
    return {"prefix": "/"}


def route_match(match: HttpMatch) -> Json:
    """Return Envoy's match: headers in order of name, then method, authority and scheme."""
    headers = [_header(name, how) for name, how in match.headers.items()]
    headers += [_without(name, how) for name, how in match.without_headers.items()]
    headers.sort(key=lambda header: str(header["name"]))
    pseudo = ((":method", match.method), (":authority", match.authority), (":scheme", match.scheme))
    headers += [_header(name, how) for name, how in pseudo if how is not None]
    return {
        **_path(match.uri),
        "case_sensitive": not match.ignore_uri_case,
        **given(headers=headers, query_parameters=_query(match.query_params)),
    }


def is_catch_all(match: Json) -> bool:
    """Whether no request passes this match, so that routes after it are never reached."""
    everything = match.get("prefix") == "/" or match.get("safe_regex") == {"regex": ".*"}
    return everything and not match.get("headers") and not match.get("query_parameters")


def applies_to(match: HttpMatch, *, gateway: str, labels: Mapping[str, str], namespace: str, port: int) -> bool:
    """Whether a proxy has the route: its gateway's name or `mesh`, or its labels and namespace; and the port."""
    if match.port and match.port != port:
        return False
    if match.gateways:
        return gateway in match.gateways
    return match.source_labels.items() <= labels.items() and match.source_namespace in ("", namespace)


def string_match(how: StringMatch) -> Json:
    """Return Envoy's string matcher."""
    if how.regex:
        return {"safe_regex": {"regex": how.regex}}
    return {"prefix": how.prefix} if how.prefix else {"exact": how.exact or ""}


def _path(uri: StringMatch | None) -> Json:
    if uri is None or uri.is_presence:
        return {"prefix": "/"}
    if uri.regex:
        return {"safe_regex": {"regex": uri.regex}}
    return {"prefix": uri.prefix} if uri.prefix else {"path": uri.exact}


def _header(name: str, how: StringMatch) -> Json:
    if how.is_presence:
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(how)}


def _without(name: str, how: StringMatch) -> Json:
    inverted = {**_header(name, how), "invert_match": True}
    # A header that is not there is not equal to the value, so it must pass an inverted comparison.
    return inverted if how.is_presence else {**inverted, "treat_missing_header_as_empty": True}


def _query(parameters: Mapping[str, StringMatch]) -> list[Json]:
    return [_header(name, parameters[name]) for name in sorted(parameters)]
