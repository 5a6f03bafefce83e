"""PostgreSQL and Valkey of an instance: its own from the wheels, or the servers that the environment names.

`DATABASE_URL` and `REDIS_URL` name servers that are used instead of ours; both are tried before anything is started.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workbench.errors import UsageError
from workbench.platform import components, postgres, secrets
from workbench.platform.instance import Instance
from workbench.platform.programs import Program

_REDIS_TIMEOUT_S: Final = 3


@dataclass(frozen=True)
class DataStores:
    """The servers, and the processes of those that are ours."""

    database: postgres.DatabaseServer
    redis_url: str
    programs: tuple[Program, ...]

    def redis_url_through(self, port: int) -> str:
        """Return the URL of the same server and database by way of a sidecar's port."""
        parts = urlsplit(self.redis_url)
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        return urlunsplit(("redis", f"{login}127.0.0.1:{port}", parts.path or "/0", "", ""))

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Return where the servers really are, for the mesh: name → IP address and port."""
        cache = urlsplit(self.redis_url)
        return {
            "postgres": (_resolve("DATABASE_URL", self.database.host), self.database.port),
            "valkey": (_resolve("REDIS_URL", cache.hostname or "127.0.0.1"), cache.port or 6379),
        }


def choose(instance: Instance, environment: Mapping[str, str] = os.environ) -> DataStores:
    """Return the servers to use, after having connected to those that the environment names.

    Raises:
        UsageError: a named server cannot be used; the message says why.
    """
    programs: list[Program] = []
    if database_url := environment.get("DATABASE_URL"):
        database = postgres.given_server(database_url)
        postgres.check_connection(database)
    else:
        database = postgres.embedded_server(instance.ports.postgres, secrets.password(instance.secrets, "postgres"))
        programs.append(postgres.program(postgres.data_folder(instance), instance.ports.postgres))
    if redis_url := environment.get("REDIS_URL"):
        check_redis(redis_url)
    else:
        redis_url = f"redis://127.0.0.1:{instance.ports.valkey}/0"
        programs.append(valkey_program(instance.state / "valkey", instance.ports.valkey))
    return DataStores(database, redis_url, tuple(programs))


def prepare(instance: Instance, stores: DataStores) -> None:
    """Make the folders and files of the servers that are ours."""
    names = {program.name for program in stores.programs}
    if "postgres" in names:
        password = secrets.password(instance.secrets, "postgres")
        postgres.initialise(postgres.data_folder(instance), password)
    if "valkey" in names:
        (instance.state / "valkey").mkdir(parents=True, exist_ok=True)


def valkey_program(folder: Path, port: int) -> Program:
    """Return Valkey's process: a cache and counters, nothing that must outlive it, so nothing is written to disk."""
    argv = (
        str(components.valkey_path()),
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
        *("--save", "", "--appendonly", "no", "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru"),
        # The title would overwrite the environment, by which a lost process is found.
        *("--set-proc-title", "no"),
    )
    return Program("valkey", argv, port=port)


def check_redis(url: str) -> None:
    """Connect once.

    Raises:
        UsageError: the URL is unusable, nothing answers there, or it refuses the password.
    """
    parts = urlsplit(url)
    try:
        usable = parts.scheme == "redis" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("REDIS_URL is not usable", hint="it looks like redis://user:password@host:6379/0")
    where = f"{parts.hostname}:{parts.port or 6379}"
    client = redis.Redis.from_url(
        url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    try:
        client.ping()
    except redis.AuthenticationError as error:
        raise UsageError(
            f"REDIS_URL: {where} refuses the user or its password ({error})",
            hint="mend user and password in REDIS_URL, or unset it to use the embedded server",
        ) from error
    except redis.RedisError as error:
        raise UsageError(
            f"REDIS_URL: no Redis or Valkey answers at {where} ({error})",
            hint="start it, mend the address, or unset REDIS_URL to use the embedded server",
        ) from error
    finally:
        client.close()


def _resolve(variable: str, host: str) -> str:
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise UsageError(f"{variable}: the host {host} has no address ({error})") from error
