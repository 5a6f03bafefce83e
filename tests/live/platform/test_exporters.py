"""The exporters see statistics and nothing else, show no password, listen on this machine only, and are cheap."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import asyncpg  # type: ignore[import-untyped]  # the package is not annotated
import psutil
import pytest

from workbench.platform import secrets
from workbench.platform.postgres import MONITOR, SERVICES_WITH_DATABASE

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

EXPORTERS: Final = ("postgres-exporter", "valkey-exporter", "node-exporter")
RIGHTS: Final = (
    "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    " FROM pg_roles WHERE rolname = current_user"
)
# Measured together, RSS just after the start: 48 MiB (17 PostgreSQL's, 13 Valkey's, 18 the machine's).
MEMORY_MIB: Final = 90


def as_monitor(live: LivePlatform, query: str, database: str = "postgres") -> Any:  # noqa: ANN401 - a database's value
    """What the exporter's role gets for a query."""

    async def fetched() -> Any:  # noqa: ANN401 - as above
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=live.instance.ports.postgres,
            user=MONITOR,
            password=secrets.password(live.instance.secrets, MONITOR),
            database=database,
        )
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetched())


def processes(live: LivePlatform) -> list[psutil.Process]:
    rows = live.status()
    return [psutil.Process(rows[name]["pid"]) for name in EXPORTERS]


def test_the_role_sees_every_statistic(platform: LivePlatform) -> None:
    assert as_monitor(platform, "SELECT pg_has_role(current_user, 'pg_monitor', 'member')")
    hidden = "SELECT count(*) FROM pg_stat_activity WHERE query = '<insufficient privilege>'"
    assert as_monitor(platform, hidden) == 0


def test_the_role_may_do_nothing_else(platform: LivePlatform) -> None:
    assert as_monitor(platform, RIGHTS) is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        as_monitor(platform, "CREATE TABLE public.mine (id int)")


@pytest.mark.parametrize("service", SERVICES_WITH_DATABASE)
def test_the_role_cannot_enter_a_services_database(platform: LivePlatform, service: str) -> None:
    assert as_monitor(platform, f"SELECT pg_database_size('{service}') > 0")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        as_monitor(platform, "SELECT 1", service)


def test_no_password_is_on_a_command_line(platform: LivePlatform) -> None:
    password = secrets.password(platform.instance.secrets, MONITOR)
    for process in processes(platform):
        assert not [word for word in process.cmdline() if password in word or "://" in word]


def test_they_listen_on_this_machine_only(platform: LivePlatform) -> None:
    for process in processes(platform):
        listening = [one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
        assert listening == ["127.0.0.1"], process.name()


def test_they_are_cheap(platform: LivePlatform) -> None:
    used = {process.name(): process.memory_info().rss / 2**20 for process in processes(platform)}
    assert sum(used.values()) < MEMORY_MIB, used
