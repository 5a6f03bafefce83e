"""What the platform has to run for the mesh: one Envoy a proxy, and one process that renews certificates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EnvoyProcess:
    """One Envoy: how to start it, and where it can be asked.

    It is ready when `ready_url` answers 200. Log lines (Envoy's own and JSON access logs) go to its stdout/stderr.
    """

    name: str
    argv: tuple[str, ...]
    ready_url: str
    stats_url: str
    admin_url: str
