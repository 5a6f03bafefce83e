"""One value of an authorization rule as Envoy's matcher: wildcards, identities, addresses and claims."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from workbench.mesh.jwt import JWT_FILTER, PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.mesh.model import Json

_SPIFFE = "spiffe://"


def wildcard(value: str, prefix: str = "") -> Json:
    """Return the string matcher of a value: `*` for any, a leading or trailing `*` for the rest, else exact."""
    if value == "*":
        return {"safe_regex": {"regex": ".+"}}
    if value.startswith("*"):
        ending = value[1:]
        return {"safe_regex": {"regex": f"{prefix}.*{_quoted(ending)}"}} if prefix else {"suffix": ending}
    if value.endswith("*"):
        return {"prefix": prefix + value[:-1]}
    return {"exact": prefix + value}


def condition(key: str, value: str) -> Json:
    """Return the matcher of one value of an attribute; KeyError for an attribute that is not rendered."""
    if key.startswith("request.headers["):
        return _header(_bracketed(key)[0], value)
    if key.startswith("request.auth.claims["):
        return _claim(_bracketed(key), value)
    return _ATTRIBUTES[key](value)


def _quoted(text: str) -> str:
    """Return the text as a regular expression for itself, quoted as Go does (Python also quotes `-`)."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _bracketed(key: str) -> list[str]:
    """Return the names in brackets: `request.auth.claims[a][b]` is a claim within a claim."""
    return re.findall(r"\[([^\[\]]*)\]", key)


def _header(name: str, value: str) -> Json:
    if value == "*":
        return {"header": {"name": name, "present_match": True}}
    return {"header": {"name": name, "string_match": wildcard(value)}}


def _host(value: str) -> Json:
    if value == "*":
        return _header(":authority", value)
    return {"header": {"name": ":authority", "string_match": {**wildcard(value), "ignore_case": True}}}


def _authenticated(matcher: Json) -> Json:
    return {"authenticated": {"principal_name": matcher}}


def _namespace(value: str) -> Json:
    pattern = ".*".join(_quoted(part) for part in value.split("*"))
    return _authenticated({"safe_regex": {"regex": f".*/ns/{pattern}/.*"}})


def _address(value: str) -> Json:
    network = ipaddress.ip_network(value, strict=False)
    return {"address_prefix": value.split("/", maxsplit=1)[0], "prefix_len": network.prefixlen}


def _metadata(path: list[str], value: Json) -> Json:
    return {
        "metadata": {
            "filter": JWT_FILTER,
            "path": [{"key": PAYLOAD}, *({"key": name} for name in path)],
            "value": value,
        }
    }


def _request_principal(value: str) -> Json:
    """`issuer/subject`: both claims, split at the last slash because an issuer is a URL; `*` stands for any."""
    issuer, slash, subject = value.rpartition("/")
    if not slash:
        # A lone wildcard is open on its other side: `*x` is a subject, `x*` an issuer.
        issuer, subject = ("*", value) if value.startswith("*") else (value, "*" if value.endswith("*") else "")
    claims = (["iss"], issuer), (["sub"], subject)
    return {"and_ids": {"ids": [_metadata(path, {"string_match": wildcard(text)}) for path, text in claims]}}


def _claim(path: list[str], value: str) -> Json:
    """A claim is a string or a list of strings; either may match."""
    matcher = {"string_match": wildcard(value)}
    return _metadata(path, {"or_match": {"value_matchers": [{"list_match": {"one_of": matcher}}, matcher]}})


_PERMISSIONS: dict[str, Callable[[str], Json]] = {
    "host": _host,
    "method": lambda value: _header(":method", value),
    "path": lambda value: {"url_path": {"path": wildcard(value)}},
    "destination.port": lambda value: {"destination_port": int(value)},
    "destination.ip": lambda value: {"destination_ip": _address(value)},
    "connection.sni": lambda value: {"requested_server_name": wildcard(value)},
}

_PRINCIPALS: dict[str, Callable[[str], Json]] = {
    "source.principal": lambda value: _authenticated(wildcard(value, prefix=_SPIFFE)),
    "source.namespace": _namespace,
    "source.ip": lambda value: {"direct_remote_ip": _address(value)},
    "remote.ip": lambda value: {"remote_ip": _address(value)},
    "request.auth.principal": _request_principal,
    "request.auth.audiences": lambda value: _claim(["aud"], value),
}

_ATTRIBUTES = {**_PERMISSIONS, **_PRINCIPALS}

PERMISSION_KEYS = frozenset({"destination.port", "destination.ip", "connection.sni"})
"""Attributes of a `when` that say what is asked for."""

PRINCIPAL_KEYS = frozenset(_PRINCIPALS)
"""Attributes of a `when` that say who asks (headers and claims, with their names in brackets, are the others)."""
