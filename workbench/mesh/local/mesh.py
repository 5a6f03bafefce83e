"""Resources in, files and commands out: the local mesh, whoever runs it.

`write_mesh` is idempotent: run again after a change it replaces only what differs, and running proxies take it over
without a restart. Everything is rendered and placed before the first file is written: a mistake changes nothing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.adapters.certificates import load_or_create
from workbench.mesh.loader import load_mesh_config
from workbench.mesh.local.placement import LOOPBACK, TRACE_BACKEND, Placement
from workbench.mesh.local.processes import EnvoyProcess
from workbench.mesh.local.projection import LocalConfig, project
from workbench.mesh.local.store import ProxyStore
from workbench.mesh.render import proxies_of, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.kinds.telemetry import MeshConfig
    from workbench.mesh.model import Proxy, Resources

MESH_CONFIG_FILE: Final = Path(__file__).resolve().parents[3] / "k8s" / "istiod" / "mesh-config.yaml"


@cache
def mesh_config() -> MeshConfig:
    """Return the lines of Istio's mesh configuration that a cluster gets, too."""
    return load_mesh_config(str(MESH_CONFIG_FILE), MESH_CONFIG_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class WrittenMesh:
    """What was written: the processes to run (gateways first), and each proxy's route configurations' versions."""

    processes: list[EnvoyProcess]
    versions: Mapping[str, Mapping[str, str]]


def store_of(folder: Path, workload: str) -> ProxyStore:
    """Return the store of a workload's proxy below the mesh's folder (absolute)."""
    return ProxyStore(folder / "proxies" / workload)


def authority_folder(folder: Path) -> Path:
    """Return where the certificate authority lives below the mesh's folder."""
    return folder / "authority"


def write_mesh(resources: Resources, placement: Placement, folder: Path, *, envoy: Path) -> WrittenMesh:
    """Write every proxy's files below `folder` (absolute).

    Raises:
        MeshConfigError: Istio or the renderer refuses the resources, or something has no place on this machine;
            nothing has been written.
    """
    resources = resources if TRACE_BACKEND in placement.servers else _untraced(resources)
    proxies = proxies_of(resources)
    peers = tuple(proxy.workload for proxy in proxies)
    projected: list[tuple[Proxy, LocalConfig]] = [
        (
            proxy,
            project(
                proxy,
                render(resources, proxy, mesh=mesh_config()),
                placement=placement,
                files=store_of(folder, proxy.workload.name).files,
                peers=peers,
            ),
        )
        for proxy in proxies
    ]
    authority = load_or_create(authority_folder(folder))
    versions = {}
    for proxy, config in projected:
        store = store_of(folder, proxy.workload.name)
        store.rotate_if_due(authority, proxy.workload.principal)
        versions[proxy.workload.name] = store.write(config)
    ordered = sorted(proxies, key=lambda proxy: (proxy.role.value, proxy.workload.name))
    return WrittenMesh([process_of(proxy, placement, folder, envoy) for proxy in ordered], versions)


def _untraced(resources: Resources) -> Resources:
    """Take tracing out: a span that nobody receives would cost and serve nothing."""
    telemetries = tuple(
        one.model_copy(update={"spec": one.spec.model_copy(update={"tracing": []})}) for one in resources.telemetries
    )
    return dataclasses.replace(resources, telemetries=telemetries)


def process_of(proxy: Proxy, placement: Placement, folder: Path, envoy: Path) -> EnvoyProcess:
    """Return how to run a proxy. Hot restart is off: several Envoys would share its memory by number."""
    admin, stats = placement.admin(proxy), placement.stats(proxy)
    name = proxy.workload.name
    argv = (
        str(envoy),
        *("--config-path", str(store_of(folder, name).bootstrap)),
        "--disable-hot-restart",
        *("--concurrency", "1"),
        *("--log-level", "warning"),
        # Istio's form of certificate validation is deprecated upstream; saying so at each start helps nobody. A tracing
        # backend that does not answer would be told of once for every five spans.
        *("--component-log-level", "misc:error,tracing:critical"),
        # A changed listener takes over at once: each connection of the old one ends with its next response.
        *("--drain-time-s", "20"),
        *("--drain-strategy", "immediate"),
        *("--file-flush-interval-msec", "1000"),
    )
    return EnvoyProcess(
        name=name,
        argv=argv,
        ready_url=f"http://{LOOPBACK}:{admin}/ready",
        stats_url=f"http://{LOOPBACK}:{stats}/stats/prometheus",
        admin_url=f"http://{LOOPBACK}:{admin}",
    )
