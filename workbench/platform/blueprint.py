"""The whole platform of an instance as data: every program in its group, in the order in which the groups start.

Stores first, then the mesh, since the services reach everything through it, then the services, then what watches them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from alerts import routing
from workbench.mesh.local.control import ControlPlane
from workbench.platform import components, datastores, grafana, monitoring, rules, workloads
from workbench.platform.backends import Backends
from workbench.platform.datastores import DataStores
from workbench.platform.exporters import exporter_programs
from workbench.platform.instance import Instance
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.programs import Program

_INGRESS: Final = "ingress"
_STORES: Final = ("valkey", "postgres")


@dataclass(frozen=True)
class Blueprint:
    """The programs by group."""

    stores: tuple[Program, ...]
    proxies: tuple[Program, ...]
    services: tuple[Program, ...]
    monitoring: tuple[Program, ...]

    def __iter__(self) -> Iterator[Program]:
        yield from (*self.stores, *self.proxies, *self.services, *self.monitoring)


def stop_order(names: Collection[str]) -> list[list[str]]:
    """Return programs by groups that stop one after the other: entrance, services, the rest, at last the data."""
    groups = [[_INGRESS], list(WORKLOADS), [], list(_STORES)]
    grouped = {name for group in groups for name in group}
    groups[2] = [name for name in names if name not in grouped]
    return [[name for name in group if name in names] for group in groups]


def blueprint(instance: Instance, stores: DataStores) -> Blueprint:
    """Return the platform's programs.

    Raises:
        UsageError: a program is missing and cannot be obtained.
    """
    folder = instance.components
    backends = Backends.found(instance)
    prometheus = components.obtain(components.PROMETHEUS, folder)
    watchers = (
        monitoring.prometheus_program(instance, prometheus, written_to=backends.loki is not None),
        monitoring.alertmanager_program(instance, components.obtain(components.ALERTMANAGER, folder)),
        workloads.pages_program(instance),
        *exporter_programs(instance, stores, lambda program: components.obtain(program, folder)),
        *backends.programs(),
        *((grafana.program(instance, found),) if (found := grafana.find()) else ()),
    )
    return Blueprint(
        stores=stores.programs,
        proxies=tuple(ControlPlane(instance, addresses(stores, backends)).programs()),
        services=tuple(workloads.service_programs(instance, stores, backends.variables())),
        monitoring=watchers,
    )


def write_files(instance: Instance, stores: DataStores) -> None:
    """Write what the programs read: databases' files, monitoring's configuration, certificates and the mesh.

    Raises:
        UsageError: the manifests are wrong, or a folder cannot be written.
    """
    datastores.prepare(instance, stores)
    instance.published.mkdir(parents=True, exist_ok=True)
    backends = Backends.found(instance)
    monitoring.write_yaml(
        instance.state / "prometheus" / "prometheus.yml",
        monitoring.prometheus_configuration(instance.ports, rules.patterns(instance), backends.metrics_ports()),
    )
    rules.write(instance)
    grafana.write_files(instance, loki=backends.loki is not None, jaeger=backends.jaeger is not None)
    told = routing.local(f"{instance.pages_url}/notifications")
    monitoring.write_yaml(instance.state / "alertmanager" / "alertmanager.yml", told)
    ControlPlane(instance, addresses(stores, backends)).push()


def addresses(stores: DataStores, backends: Backends) -> dict[str, tuple[str, int]]:
    """Return where the servers without a sidecar are, for the mesh: the stores, and where its proxies send spans."""
    return {**stores.addresses(), **backends.addresses()}
