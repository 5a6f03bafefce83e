"""Bringing an instance up and down.

`up` returns when the platform's own data is visible in Prometheus. It starts what does not run: on a healthy platform
that is nothing, on a damaged one it is a repair. If a step fails, what this call started is stopped again. `down`
leaves no process, socket or lock, whatever became of the supervisor.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import psutil

from workbench.adapters import processes as machine
from workbench.adapters.supervisor import Supervisor, render_configuration, start_supervisor
from workbench.demo_data import load_demo_data
from workbench.platform import datastores, monitoring, postgres, preflight, readiness, secrets, workloads
from workbench.platform.backends import Backends
from workbench.platform.blueprint import Blueprint, blueprint, stop_order, write_files
from workbench.platform.datastores import DataStores
from workbench.platform.instance import PUBLIC_HOST, Instance
from workbench.platform.lock import exclusive
from workbench.platform.programs import Program
from workbench.platform.status import Status, read_status

_SUPERVISOR_DEADLINE_S: Final = 20.0

Step = Callable[[str], AbstractContextManager[object]]
Say = Callable[[str], None]


def _quiet_step(_title: str) -> AbstractContextManager[None]:
    return nullcontext()


def _quiet(_line: str) -> None:
    """Say nothing."""


class Platform:
    """The platform of one instance; `step` shows what goes on, `say` prints one line."""

    def __init__(self, instance: Instance, *, say: Say = _quiet) -> None:
        self.instance = instance
        self.supervisor = Supervisor(instance.supervisor_socket)
        self._say = say

    def up(self, step: Step = _quiet_step, *, demo_data: bool = True) -> bool:
        """Start whatever is not running, and wait until its data is visible; False when there was nothing to do.

        Raises:
            UsageError: something on this machine is in the way; nothing was started.
            CannotDecideError: something did not get ready; what this call started is stopped again.
        """
        with step("check this machine"):
            preflight.check_state_folder(self.instance)
            preflight.check_programs()
        with self._exclusive():
            with step("find the programs"):
                stores = datastores.choose(self.instance)
                plan = blueprint(self.instance, stores)
            if self._is_whole(plan):
                return False
            self._start(stores, plan, step, demo_data=demo_data)
        return True

    def down(self, step: Step = _quiet_step) -> int:
        """Stop everything, remove sockets and locks; return how many processes ran."""
        if not self.instance.run.exists():
            return self._end_lost_processes()
        with self._exclusive(), step("stop the platform"):
            return self._stop_everything()

    def status(self) -> Status:
        """Return what runs."""
        return read_status(self.instance)

    def programs(self) -> list[Program]:
        """Return every program with its command and environment, whether it runs or not."""
        return list(blueprint(self.instance, datastores.choose(self.instance)))

    def stop_programs(self, names: Sequence[str]) -> None:
        """Stop programs of a running platform; they stay stopped until `up`. Returns when they have ended."""
        self.supervisor.stop_all(names)

    def start_programs(self, names: Sequence[str]) -> None:
        """Start stopped programs of a running platform. Returns when they work.

        Raises:
            NotReadyError: one does not get ready.
        """
        self._start_and_wait([program for program in self.programs() if program.name in names])

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with exclusive(self.instance.run / "lock") as stale:
            if stale is not None:
                self._say(f"an earlier titanium (process {stale}) ended without cleaning up: taking over")
            yield

    def _is_whole(self, plan: Blueprint) -> bool:
        if not self.supervisor.is_alive():
            return False
        states = self.supervisor.processes()
        return all(one.name in states and states[one.name].is_running and readiness.is_ready(one) for one in plan)

    def _start(self, stores: DataStores, plan: Blueprint, step: Step, *, demo_data: bool) -> None:
        running: set[str] = set()
        if self.supervisor.is_alive():
            running = {name for name, state in self.supervisor.processes().items() if state.is_running}
        elif lost := self._end_lost_processes():
            self._say(f"ended {lost} processes that a killed supervisor had left behind")
        needed = {one.name: one.port for one in plan if one.port and one.name not in running}
        preflight.check_ports(self.instance, needed)
        if not running:
            preflight.check_watches()
        with self._undone_on_failure(running):
            with step("write certificates and configuration"):
                write_files(self.instance, stores)
            if "prometheus" in running:
                monitoring.reload_prometheus(self.instance)
            with step("start the supervisor"):
                self._supervise(plan)
            self._start_groups(stores, plan, step)
            if demo_data:
                with step("load the demo data"):
                    asyncio.run(load_demo_data(self.instance.ingress_url, host=PUBLIC_HOST))
            with step("wait for data in Prometheus"):
                wait_for_telemetry(self.instance)

    @contextmanager
    def _undone_on_failure(self, running: set[str]) -> Iterator[None]:
        """Stop what was started when the block fails or is interrupted; what ran before goes on running."""
        try:
            yield
        except BaseException:
            if not (running and self.supervisor.is_alive()):
                self._stop_everything()
                raise
            for names in stop_order(list(self.supervisor.processes())):
                self.supervisor.stop_all([name for name in names if name not in running])
            raise

    def _supervise(self, plan: Blueprint) -> None:
        configuration = self.instance.run / "supervisord.conf"
        text = render_configuration(
            list(plan),
            socket_path=self.instance.supervisor_socket,
            pid_file=self.instance.run / "supervisord.pid",
            logs=self.instance.logs,
            restarts_file=self.instance.restarts,
        )
        # It holds passwords.
        descriptor = os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        if self.supervisor.is_alive():
            self.supervisor.reload()
            return
        self.instance.supervisor_socket.unlink(missing_ok=True)
        self.instance.restarts.unlink(missing_ok=True)
        start_supervisor(configuration, workloads.base_environment(self.instance), self.instance.checkout)
        readiness.wait_until(self.supervisor.is_alive, "supervisord answers", _SUPERVISOR_DEADLINE_S)

    def _start_groups(self, stores: DataStores, plan: Blueprint, step: Step) -> None:
        with step("start PostgreSQL and Valkey" if plan.stores else "use the given PostgreSQL and Redis"):
            self._start_and_wait(plan.stores)
        with step("create and migrate the databases"):
            names = postgres.SERVICES_WITH_DATABASE
            passwords = {name: secrets.password(self.instance.secrets, name) for name in names}
            postgres.create_databases(stores.database, passwords)
            postgres.create_monitor(stores.database, secrets.password(self.instance.secrets, postgres.MONITOR))
            workloads.migrate(self.instance, stores)
        # Prometheus first: it takes its time to scrape while the rest starts.
        with step("start Prometheus, Alertmanager and exporters"):
            self._start_and_wait(plan.monitoring)
        with step("start the mesh: ingress, sidecars, certificates"):
            self._start_and_wait(plan.proxies)
        with step("start the services"):
            self._start_and_wait(plan.services)

    def _start_and_wait(self, programs: Sequence[Program]) -> None:
        for program in programs:
            self.supervisor.start(program.name)
        readiness.wait_for_programs(self.supervisor, programs, self.instance.logs)

    def _stop_everything(self) -> int:
        count = 0
        if self.supervisor.is_alive():
            states = self.supervisor.processes()
            count = sum(state.pid > 0 for state in states.values())
            # By the supervisor's own list, not by the blueprint: `down` must work where `up` cannot any more.
            for names in stop_order(list(states)):
                self.supervisor.stop_all(names)
            daemon = _process(self.supervisor.pid())
            self.supervisor.shutdown()
            if daemon is not None:
                psutil.wait_procs([daemon], timeout=_SUPERVISOR_DEADLINE_S)
        count += self._end_lost_processes()
        self.instance.supervisor_socket.unlink(missing_ok=True)
        for leftover in ("supervisord.pid", "supervisord.conf", "restarts.json"):
            (self.instance.run / leftover).unlink(missing_ok=True)
        return count

    def _end_lost_processes(self) -> int:
        """End what runs without a supervisor, and return how many processes that were."""
        data = postgres.data_folder(self.instance)
        database = machine.of_command(postgres.postmaster(data), str(data))
        return machine.end([*machine.of_instance(self.instance.state), *database])


def wait_for_telemetry(instance: Instance) -> None:
    """Wait until every target is scraped and a request through the ingress is counted.

    Raises:
        NotReadyError: not within 60 s; the message says which of the two.
    """
    prometheus = instance.prometheus_url
    optional = Backends.found(instance).metrics_ports()
    targets = monitoring.target_count(monitoring.prometheus_configuration(instance.ports, (), optional))

    def scraped() -> bool:
        return readiness.series(prometheus, "sum(up)") == [float(targets)]

    def counted() -> bool:
        readiness.answers(f"{instance.ingress_url}/v1/posts?limit=1", host=PUBLIC_HOST)
        return bool(readiness.series(prometheus, 'istio_requests_total{reporter="source",response_code="200"}'))

    readiness.wait_until(scraped, f"all {targets} targets are scraped", readiness.TELEMETRY_DEADLINE_S)
    readiness.wait_until(counted, "istio_requests_total is in Prometheus", readiness.TELEMETRY_DEADLINE_S)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
