"""Whether running proxies have taken over what was pushed: the difference between written and in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.adapters.envoy import EnvoyAdmin
from workbench.errors import CannotDecideError
from workbench.mesh.local.placement import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.local.control import ControlPlane


def running_proxies(plane: ControlPlane) -> dict[str, EnvoyAdmin]:
    """Return the admin interfaces that answer, by workload."""
    proxies = {name: EnvoyAdmin(f"http://{LOOPBACK}:{port}") for name, port in plane.admin_ports().items()}
    return {name: proxy for name, proxy in proxies.items() if proxy.is_ready()}


def wait_for_takeover(plane: ControlPlane, versions: Mapping[str, Mapping[str, str]]) -> None:
    """Wait until every proxy that answers runs what was written; one at least must answer.

    Raises:
        CannotDecideError: no proxy answers, or one does not take the change over.
    """
    running = running_proxies(plane)
    if not running:
        raise CannotDecideError("no proxy is running: the change takes effect at the next start", hint="titanium up")
    for name, proxy in running.items():
        proxy.wait_for_routes(versions[name])


def faults_injected(plane: ControlPlane) -> int:
    """Return how many delays and aborts the running proxies have injected since they started."""
    pattern = r"\.fault\.(delays|aborts)_injected$"
    return sum(sum(proxy.counters(pattern).values()) for proxy in running_proxies(plane).values())
