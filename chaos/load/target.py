"""Where the load goes, and the guard that keeps it at home.

Contract: `parse_target` returns a `Target` only for a plain `http://host[:port]` URL whose host is on this machine
(127.0.0.0/8 or ::1, names resolved, *every* address must be loopback), unless the caller declares the target as their
own. A load generator pointed at somebody else's server by a typing mistake is an attack, hence the default.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from chaos.load.errors import PlanError, UnreachableError

CONNECT_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server: base URL without a trailing slash, and the Host header to send (None: the URL's own)."""

    url: str
    host: str
    port: int
    host_header: str | None = None


def parse_target(url: str, *, host_header: str | None = None, own: bool = False) -> Target:
    """Return the target behind `url`; `PlanError` when it is malformed or not on this machine (and not `own`)."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise PlanError(f"--target {url!r}: expected http://HOST[:PORT] (the ingress terminates no TLS here)")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise PlanError(f"--target {url!r}: expected only a scheme, a host and a port; the scenarios choose the paths")
    port = _port(url)
    if not own:
        _refuse_foreign(url, parts.hostname, port)
    return Target(url=f"http://{parts.netloc}", host=parts.hostname, port=port, host_header=host_header)


def _port(url: str) -> int:
    try:
        return urlsplit(url).port or 80
    except ValueError as error:
        raise PlanError(f"--target {url!r}: {error}") from error


def _refuse_foreign(url: str, host: str, port: int) -> None:
    foreign = [address for address in _addresses(url, host, port) if not ipaddress.ip_address(address).is_loopback]
    if foreign:
        raise PlanError(
            f"--target {url!r}: {foreign[0]} is not this machine (loopback). "
            "Add --i-own-this-target if you may put load on it."
        )


def _addresses(url: str, host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PlanError(f"--target {url!r}: the host {host!r} cannot be resolved: {error}") from error
    # A scope such as fe80::1%eth0 is no part of the address that ipaddress understands.
    return [str(address[4][0]).split("%", 1)[0] for address in found]


def require_listener(target: Target) -> None:
    """Raise `UnreachableError` unless something accepts connections at the target within two seconds."""
    try:
        socket.create_connection((target.host, target.port), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise UnreachableError(f"nobody answers at {target.url}: {error}") from error
