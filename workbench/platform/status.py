"""The state of an instance as data: one row a process, and what is missing."""

from dataclasses import dataclass, field

from workbench.adapters.processes import resident_mib
from workbench.adapters.supervisor import Supervisor
from workbench.platform import components
from workbench.platform.grafana import HOME_VARIABLE
from workbench.platform.grafana import find as find_grafana
from workbench.platform.instance import Instance
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.optional import SERVERS
from workbench.platform.optional import find as find_optional
from workbench.platform.ports import Ports
from workbench.platform.restart_counter import read_restarts


@dataclass(frozen=True)
class Row:
    """One process; `state` is supervisord's word, `port` where it serves (0: nowhere)."""

    name: str
    state: str
    pid: int
    uptime_s: int
    restarts: int
    rss_mib: float
    port: int


@dataclass(frozen=True)
class Status:
    """All processes, and programs that are not on this machine with the way to get them; `optional` ones may miss."""

    processes: list[Row]
    missing: dict[str, str]
    optional: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return bool(self.processes) and all(row.state == "RUNNING" for row in self.processes)


def read_status(instance: Instance) -> Status:
    """Ask the supervisor; no processes when it is down."""
    missing = {
        program.name: "titanium components --fetch"
        for program in components.DEBIAN_PROGRAMS
        if components.find(program, instance.components) is None
    }
    optional = {
        component.name: f"{component.serves}: {component.way}"
        for component in SERVERS
        if find_optional(component, instance.bin) is None
    }
    if find_grafana() is None:
        optional["grafana"] = f"dashboards in Grafana: set {HOME_VARIABLE} to an unpacked release"
    supervisor = Supervisor(instance.supervisor_socket)
    if not supervisor.is_alive():
        return Status([], missing, optional)
    restarts, served = read_restarts(instance.restarts), _ports(instance.ports)
    rows = [
        Row(
            name=name,
            state=state.state,
            pid=state.pid,
            uptime_s=state.uptime_s,
            restarts=restarts.get(name, 0),
            rss_mib=round(resident_mib(state.pid), 1) if state.pid else 0.0,
            port=served.get(name, 0),
        )
        for name, state in sorted(supervisor.processes().items())
    ]
    return Status(rows, missing, optional)


def _ports(ports: Ports) -> dict[str, int]:
    blocks = {name: ports.workload(name) for name in WORKLOADS}
    return {
        "ingress": ports.ingress,
        "prometheus": ports.prometheus,
        "alertmanager": ports.alertmanager,
        "postgres": ports.postgres,
        "valkey": ports.valkey,
        "pages": ports.pages,
        "postgres-exporter": ports.postgres_exporter,
        "valkey-exporter": ports.valkey_exporter,
        "node-exporter": ports.node_exporter,
        "loki": ports.loki,
        "jaeger": ports.jaeger,
        "grafana": ports.grafana,
        **{name: block.app for name, block in blocks.items()},
        **{f"{name}-sidecar": block.inbound for name, block in blocks.items()},
    }
