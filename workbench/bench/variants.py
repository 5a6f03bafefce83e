"""The four editions of the platform that a benchmark compares, and the environment that makes a service run in each.

Contract: `environment` derives a service's environment from the one the platform gave it, and touches nothing else:
without mesh, calls, database and cache go straight to their ports; without telemetry, nothing is exported anywhere.
Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Variant:
    """One edition: with or without Envoys, with or without exporters and Prometheus."""

    name: str
    mesh: bool
    telemetry: bool


EVERYTHING = Variant("everything on", mesh=True, telemetry=True)
MESH_ONLY = Variant("mesh only", mesh=True, telemetry=False)
TELEMETRY_ONLY = Variant("telemetry only", mesh=False, telemetry=True)
BARE = Variant("bare", mesh=False, telemetry=False)
VARIANTS = (EVERYTHING, MESH_ONLY, TELEMETRY_ONLY, BARE)


@dataclass(frozen=True, slots=True)
class Direct:
    """Ports on 127.0.0.1 that are reached without a sidecar; `apps` by the name in the services' `<NAME>_URL`."""

    apps: Mapping[str, int]
    database: int
    cache: int


def environment(variant: Variant, given: Mapping[str, str], *, direct: Direct, sink_url: str) -> dict[str, str]:
    """Return the environment of a service in this variant."""
    result = {name: value for name, value in given.items() if not name.startswith("OTEL_") and name != "LOKI_URL"}
    if variant.telemetry:
        # The rest of the exporters' settings are the services' own defaults: they are what is measured.
        result |= {"OTEL_EXPORTER_OTLP_ENDPOINT": sink_url, "LOKI_URL": sink_url}
    if not variant.mesh:
        result.pop("OUTBOUND_PROXY", None)
        result |= {f"{app.upper()}_URL": f"http://127.0.0.1:{port}" for app, port in direct.apps.items()}
        result |= _at("DATABASE_URL", given, direct.database) | _at("REDIS_URL", given, direct.cache)
    return result


def _at(variable: str, given: Mapping[str, str], port: int) -> dict[str, str]:
    """The same URL with the port replaced; nothing when the variable is not set."""
    if variable not in given:
        return {}
    parts = urlsplit(given[variable])
    login, at, _ = parts.netloc.rpartition("@")
    return {variable: urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{port}"))}
