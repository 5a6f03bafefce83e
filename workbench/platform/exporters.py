"""Exporters: what PostgreSQL, Valkey and the machine tell Prometheus, each by a process of its own.

PostgreSQL's logs in as a role that may see statistics (`pg_monitor`) and nothing else. The node exporter collects what
the dashboards ask for and no more, and offers the text files of commands that have ended (`workbench.published`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from workbench.platform import components, secrets
from workbench.platform.postgres import MONITOR
from workbench.platform.programs import Program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.platform.datastores import DataStores
    from workbench.platform.instance import Instance

# PostgreSQL 17 has moved what this collector of Debian's exporter asks for.
_NO_BGWRITER: Final = "--no-collector.bgwriter"
_NODE_COLLECTORS: Final = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "textfile")


def exporter_programs(
    instance: Instance, stores: DataStores, obtain: Callable[[components.DebianProgram], Path]
) -> tuple[Program, ...]:
    """Return the exporters' processes; `obtain` finds a program, or gets it.

    Raises:
        UsageError: a program is missing and cannot be obtained.
    """
    return (
        _postgres(instance, stores, str(obtain(components.POSTGRES_EXPORTER))),
        _valkey(instance, stores, str(obtain(components.VALKEY_EXPORTER))),
        _node(instance, str(obtain(components.NODE_EXPORTER))),
    )


def _postgres(instance: Instance, stores: DataStores, binary: str) -> Program:
    password = quote(secrets.password(instance.secrets, MONITOR), safe="")
    server = stores.database
    source = f"postgresql://{MONITOR}:{password}@{server.host}:{server.port}/postgres?sslmode=disable"
    return _exporter(
        "postgres-exporter", (binary, _NO_BGWRITER), instance.ports.postgres_exporter, {"DATA_SOURCE_NAME": source}
    )


def _valkey(instance: Instance, stores: DataStores, binary: str) -> Program:
    # By the environment: a URL may hold a password, and command lines are public.
    return _exporter("valkey-exporter", (binary,), instance.ports.valkey_exporter, {"REDIS_ADDR": stores.redis_url})


def _node(instance: Instance, binary: str) -> Program:
    wanted = tuple(f"--collector.{name}" for name in _NODE_COLLECTORS)
    texts = f"--collector.textfile.directory={instance.published}"
    return _exporter(
        "node-exporter", (binary, "--collector.disable-defaults", *wanted, texts), instance.ports.node_exporter
    )


def _exporter(name: str, argv: tuple[str, ...], port: int, environment: dict[str, str] | None = None) -> Program:
    address = f"127.0.0.1:{port}"
    listening = (*argv, f"--web.listen-address={address}")
    return Program(name, listening, environment or {}, port=port, ready_url=f"http://{address}/")
