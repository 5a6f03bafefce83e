"""Faults at run time: what a patch of a VirtualService's `fault` is on a cluster.

A fault is kept by the service that it is injected towards, and put into each HTTP route of that service's
VirtualService before rendering; it happens in the callers' proxies, as Istio's does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from workbench.adapters.certificates import write_atomically
from workbench.errors import UsageError
from workbench.mesh.kinds.virtual_service import Fault, VirtualService

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.mesh.model import Resources

_ALL: Final = 100
_LOWEST_STATUS: Final = 200
_HIGHEST_STATUS: Final = 599


@dataclass(frozen=True)
class InjectedFault:
    """A delay (milliseconds), or an abort with an HTTP status, for a percentage of a service's requests."""

    percent: float
    delay_ms: int = 0
    status: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.percent <= _ALL:
            raise UsageError(f"{self.percent:g} is no percentage of requests", hint="use more than 0, at most 100")
        if bool(self.delay_ms) == bool(self.status) or self.delay_ms < 0:
            raise UsageError("a fault is a delay or an abort", hint="give --delay-ms N or --abort STATUS")
        if self.status and not _LOWEST_STATUS <= self.status <= _HIGHEST_STATUS:
            raise UsageError(f"{self.status} is no HTTP status", hint="use 200 to 599")

    @property
    def kind(self) -> str:
        """What it does: `delay` or `abort`."""
        return "delay" if self.delay_ms else "abort"

    def to_istio(self) -> dict[str, Any]:
        """Return the `fault` of an HTTP route, as Istio's YAML has it."""
        percentage = {"value": self.percent}
        if self.delay_ms:
            return {"delay": {"fixedDelay": f"{self.delay_ms}ms", "percentage": percentage}}
        return {"abort": {"httpStatus": self.status, "percentage": percentage}}

    def __str__(self) -> str:
        what = f"delay of {self.delay_ms} ms" if self.delay_ms else f"abort with status {self.status}"
        return f"{what} for {self.percent:g} % of the requests"


class FaultStore:
    """The faults that are in force, by service; they survive a restart of the platform until they are cleared."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "faults.json"

    def read(self) -> dict[str, InjectedFault]:
        """Return the faults by service; empty when none is in force."""
        if not self._file.exists():
            return {}
        return {
            service: InjectedFault(**fault)
            for service, fault in json.loads(self._file.read_text(encoding="utf-8")).items()
        }

    def write(self, faults: Mapping[str, InjectedFault]) -> None:
        """Put exactly these faults in force, from the next push on."""
        write_atomically(self._file, json.dumps({name: asdict(fault) for name, fault in faults.items()}, indent=1))


def with_faults(resources: Resources, faults: Mapping[str, InjectedFault]) -> Resources:
    """Return the resources with the faults in the VirtualServices of their services.

    Raises:
        UsageError: a service has no VirtualService inside of the mesh.
    """
    changed = {service.name: service for service in resources.virtual_services}
    for name, fault in faults.items():
        if name not in changed or name not in changed[name].spec.hosts:
            known = sorted(n for n, one in changed.items() if n in one.spec.hosts)
            raise UsageError(f"there is no VirtualService for {name!r}", hint=f"services: {', '.join(known)}")
        changed[name] = _with_fault(changed[name], fault)
    return replace(resources, virtual_services=tuple(changed.values()))


def _with_fault(service: VirtualService, fault: InjectedFault) -> VirtualService:
    istio = Fault.model_validate(fault.to_istio())
    routes = [route.model_copy(update={"fault": istio}) for route in service.spec.http]
    changed = service.model_copy(update={"spec": service.spec.model_copy(update={"http": routes})})
    return changed.written_at(service.origin)
