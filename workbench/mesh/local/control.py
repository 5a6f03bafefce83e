"""The control plane of an instance: reads its manifests and faults, writes its mesh, and says what has to run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from workbench.adapters.certificates import write_atomically
from workbench.errors import UsageError
from workbench.mesh.loader import load_texts
from workbench.mesh.local.faults import FaultStore, InjectedFault, with_faults
from workbench.mesh.local.mesh import WrittenMesh, process_of, write_mesh
from workbench.mesh.local.placement import Placement
from workbench.mesh.model import ProxyRole, Resources
from workbench.mesh.render import proxies_of
from workbench.platform import components
from workbench.platform.programs import Program
from workbench.published import textfiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.platform.instance import Instance

OVERLAY: Final = Path("k8s/overlays/local")
_KUSTOMIZE_TIMEOUT_S: Final = 60


@dataclass(frozen=True)
class ControlPlane:
    """The mesh of one instance; `external` has IP address and port of what has no sidecar (`postgres`, `valkey`)."""

    instance: Instance
    external: Mapping[str, tuple[str, int]]

    @classmethod
    def of_running(cls, instance: Instance) -> Self:
        """Return the control plane with the addresses that were written at the last push.

        Raises:
            UsageError: nothing has been pushed.
        """
        try:
            written = json.loads(_external_file(instance).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"there is no mesh in {instance.mesh}", hint="start it: titanium up") from None
        return cls(instance, {name: (str(host), int(port)) for name, (host, port) in written.items()})

    def push(self) -> Mapping[str, Mapping[str, str]]:
        """Write what changed; return the versions of the route configurations, by workload and name.

        Raises:
            MeshConfigError: the manifests are wrong; nothing has been written.
        """
        return self._write(self.faults.read()).versions

    @property
    def faults(self) -> FaultStore:
        """The faults in force."""
        return FaultStore(self.instance.mesh)

    def put_fault(self, service: str, fault: InjectedFault) -> Mapping[str, Mapping[str, str]]:
        """Put a fault in force, in the place of the service's earlier one, and push."""
        return self._with(self.faults.read() | {service: fault})

    def clear_faults(self, service: str | None = None) -> Mapping[str, Mapping[str, str]]:
        """Take the faults of a service (or all) out of force, and push."""
        return self._with({name: fault for name, fault in self.faults.read().items() if service not in (None, name)})

    def programs(self) -> list[Program]:
        """Return the Envoys, the ingress first, and the process that renews their certificates."""
        placement, programs = self._placement(), []
        proxies = proxies_of(read_manifests(self.instance.checkout))
        for proxy in sorted(proxies, key=lambda one: one.role is not ProxyRole.GATEWAY):
            gateway = proxy.role is ProxyRole.GATEWAY
            process = process_of(proxy, placement, self._folder, components.envoy_path())
            port = placement.ports.ingress if gateway else placement.block(proxy.workload).inbound
            name = "ingress" if gateway else f"{process.name}-sidecar"
            programs.append(Program(name, process.argv, port=port))
        rotator = (sys.executable, "-m", "workbench.mesh.local.rotator", str(self._folder))
        return [*programs, Program("certificates", rotator)]

    def admin_ports(self) -> dict[str, int]:
        """Return the port of each proxy's admin interface, by workload."""
        placement = self._placement()
        proxies = proxies_of(read_manifests(self.instance.checkout))
        return {proxy.workload.name: placement.admin(proxy) for proxy in proxies}

    @property
    def _folder(self) -> Path:
        return self.instance.mesh.absolute()

    def _placement(self) -> Placement:
        return Placement(self.instance.ports, self.external)

    def _with(self, faults: dict[str, InjectedFault]) -> Mapping[str, Mapping[str, str]]:
        """Keep the faults only if they can be rendered."""
        written = self._write(faults)
        self.faults.write(faults)
        textfiles.faults(self.instance.published, faults)
        return written.versions

    def _write(self, faults: Mapping[str, InjectedFault]) -> WrittenMesh:
        resources = with_faults(read_manifests(self.instance.checkout), faults)
        written = write_mesh(resources, self._placement(), self._folder, envoy=components.envoy_path())
        write_atomically(_external_file(self.instance), json.dumps(dict(self.external)))
        return written


def _external_file(instance: Instance) -> Path:
    """What a later command has to know to push again: the addresses may come from the environment of `up`."""
    return instance.mesh / "external.json"


def read_manifests(checkout: Path) -> Resources:
    """Return the resources of the local overlay, as kustomize builds it.

    Raises:
        UsageError: kustomize refuses the overlay, or a manifest is wrong.
    """
    overlay = checkout / OVERLAY
    kubectl = Path(sys.executable).with_name("kubectl")
    built = subprocess.run(  # noqa: S603 - the wheel's kubectl on our own folder
        [str(kubectl), "kustomize", str(overlay)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_KUSTOMIZE_TIMEOUT_S,
    )
    if built.returncode != 0:
        raise UsageError(f"{overlay} cannot be built: {built.stderr.strip()}")
    return load_texts([(str(OVERLAY), built.stdout)])
