"""PostgreSQL of an instance: its files, its process, and a database with a role of its own for each service.

PostgreSQL refuses to run as root. There it runs as nobody, with one capability left: to pass folders whatever their
permissions. So it works below a folder that only root may enter, needs no user namespace (which containers often
forbid), and leaves no system user behind. Its data belongs to nobody.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from workbench.errors import UsageError
from workbench.platform import components
from workbench.platform.instance import Instance
from workbench.platform.programs import Program

SERVICES_WITH_DATABASE: Final = ("auth", "user", "blog")
ADMINISTRATOR: Final = "postgres"
# The role of the exporter.
MONITOR: Final = "titanium_monitor"
_NOBODY: Final = 65534
_INITDB_TIMEOUT_S: Final = 60
_CONNECT_TIMEOUT_S: Final = 5

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_min_duration_statement": "500ms",
    "log_line_prefix": "%m [%p] %a ",
}


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server and the administrator's URL for it."""

    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 5432

    def url_for(self, service: str, password: str, *, host: str = "", port: int = 0) -> str:
        """Return the URL of the service's own database, through another address if one is given."""
        address = f"{host or self.host}:{port or self.port}"
        return urlunsplit(("postgresql", f"{service}:{quote(password, safe='')}@{address}", f"/{service}", "", ""))


def data_folder(instance: Instance) -> Path:
    """Return where the platform's own server keeps its data."""
    return instance.state / "postgres" / "data"


def embedded_server(port: int, password: str) -> DatabaseServer:
    """Return the server that the platform runs itself."""
    return DatabaseServer(f"postgresql://{ADMINISTRATOR}:{quote(password, safe='')}@127.0.0.1:{port}/postgres")


def given_server(url: str) -> DatabaseServer:
    """Return the server that `DATABASE_URL` names.

    Raises:
        UsageError: it is not a PostgreSQL URL.
    """
    parts = urlsplit(url)
    try:
        usable = parts.scheme in {"postgresql", "postgres"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "DATABASE_URL is not the URL of a PostgreSQL server",
            hint="it looks like postgresql://user:password@host:5432/database, of a user who may create roles",
        )
    return DatabaseServer(url)


def unprivileged(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command such that PostgreSQL accepts to run: as it is, or not as root."""
    if os.geteuid() != 0:
        return tuple(argv)
    identity = (f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
    kept = "-all,+dac_override"
    capabilities = (f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={kept}")
    return ("setpriv", *identity, *capabilities, "--", *argv)


def initialise(data: Path, password: str) -> None:
    """Create the database cluster, if it is not there yet; a half-made one is made anew.

    Raises:
        UsageError: initdb failed; the message is its own.
    """
    if (data / "PG_VERSION").exists() and (data / "postgresql.auto.conf").exists():
        return
    data.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(data.parent, _NOBODY, _NOBODY)
    scratch = data.with_name(data.name + ".new")
    for half_made in (scratch, data):
        shutil.rmtree(half_made, ignore_errors=True)
    password_file = data.with_name("password.new")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    command = [str(components.postgres_tool("initdb")), "-D", str(scratch), "-U", ADMINISTRATOR]
    command += ["-E", "UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    try:
        finished = subprocess.run(  # noqa: S603 - the wheel's own program
            unprivileged(command), capture_output=True, text=True, check=False, timeout=_INITDB_TIMEOUT_S
        )
    finally:
        password_file.unlink()
    if finished.returncode != 0:
        raise UsageError(
            f"PostgreSQL could not be initialised: {_last_line(finished.stderr)}",
            hint="run as a user that the system knows (/etc/passwd), or set DATABASE_URL to a server of your own",
        )
    scratch.rename(data)


def program(data: Path, port: int) -> Program:
    """Return the server's process; SIGINT is PostgreSQL's fast shutdown."""
    argv = [str(components.postgres_tool("postgres")), "-D", str(data), "-p", str(port)]
    for name, value in _SETTINGS.items():
        argv += ["-c", f"{name}={value}"]
    return Program("postgres", unprivileged(argv), port=port, stop_signal="INT", stop_wait_s=20)


def postmaster(data: Path) -> int | None:
    """Return the process id that PostgreSQL noted in its data folder, or None; it may be of a process long gone."""
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def check_connection(server: DatabaseServer) -> None:
    """Connect once.

    Raises:
        UsageError: the server cannot be reached, or does not accept these credentials.
    """
    asyncio.run(_with_connection(server, []))


def create_databases(server: DatabaseServer, passwords: dict[str, str]) -> None:
    """Give each service a role and a database of its own; what is there already is kept, passwords are set again.

    Raises:
        UsageError: the server cannot be reached, or the administrator may not do that.
    """
    asyncio.run(_with_connection(server, list(passwords.items())))


def create_monitor(server: DatabaseServer, password: str) -> None:
    """Give the exporter a role that may see statistics and nothing else.

    Raises:
        UsageError: as `create_databases`.
    """
    asyncio.run(_with_connection(server, [], password))


async def _with_connection(server: DatabaseServer, roles: list[tuple[str, str]], monitor: str = "") -> None:
    where = f"{server.host}:{server.port}"
    try:
        connection = await asyncpg.connect(server.url, timeout=_CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError) as error:
        raise UsageError(
            f"DATABASE_URL: no PostgreSQL answers at {where} ({_word(error)})",
            hint="start it, mend the address, or unset DATABASE_URL to use the embedded server",
        ) from error
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise UsageError(
            f"DATABASE_URL: {where} refuses the user or its password ({error})",
            hint="mend user and password in DATABASE_URL, or unset it to use the embedded server",
        ) from error
    except asyncpg.PostgresError as error:
        raise UsageError(
            f"DATABASE_URL: {where} refuses the connection ({error})",
            hint="mend DATABASE_URL, or unset it to use the embedded server",
        ) from error
    try:
        for role, password in roles:
            await _create_database(connection, role, password)
        if monitor:
            await _create_monitor(connection, monitor)
    except asyncpg.InsufficientPrivilegeError as error:
        raise UsageError(
            f"DATABASE_URL: the user may not create roles and databases ({error})",
            hint="give it CREATEROLE and CREATEDB, or use an administrator's URL",
        ) from error
    finally:
        await connection.close()


async def _create_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    # Names are our own constants; a password cannot be a bind parameter of CREATE ROLE, so it is quoted by the server.
    quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    await connection.execute(f'{verb} ROLE "{role}" LOGIN PASSWORD {quoted}')


async def _create_monitor(connection: asyncpg.Connection, password: str) -> None:
    await _create_role(connection, MONITOR, password)
    # An administrator who is no superuser may not give this away; the exporter then sees what everybody may see.
    with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f'GRANT pg_monitor TO "{MONITOR}"')


async def _create_database(connection: asyncpg.Connection, role: str, password: str) -> None:
    await _create_role(connection, role, password)
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", role):
        # Who is no superuser may give a database only to a role that it is a member of (since PostgreSQL 16).
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            await connection.execute(f'GRANT "{role}" TO CURRENT_USER')
        await connection.execute(f'CREATE DATABASE "{role}" OWNER "{role}"')
        await connection.execute(f'REVOKE CONNECT ON DATABASE "{role}" FROM PUBLIC')


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _word(error: BaseException) -> str:
    return "timed out" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
