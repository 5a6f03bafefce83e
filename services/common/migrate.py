"""`python -m services.common.migrate services.blog`: bring the service's database to its newest schema, once.

Run it before the service starts (an init job in a cluster). An advisory lock lets one of many do the work while the
others wait and find nothing to do. Every migration is a transaction of its own together with its version, so that a
crash between two leaves the schema at the first, and the next run completes it. Whatever is in the way is one line on
stderr and exit code 2, without a traceback and without the password.

A service has `migrations/versions/*.py` (Alembic revisions) and `settings.py` with one class derived from
`StoredServiceSettings`; the environment that runs them is here, so that the services need no copy of it.
"""

import argparse
import asyncio
import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, pool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from services.common.database import database_url
from services.common.settings import SettingsError, StoredServiceSettings, load_settings

EXIT_FAILED = 2
# Any number does, as long as nothing else in this database uses it for an advisory lock.
_LOCK_KEY = 7_152_300_414
_CONNECT_TIMEOUT_S = 5
_LOCK_TIMEOUT_S = 60


class MigrationError(Exception):
    """The schema could not be brought to its newest version; the message says why, in one line."""


def settings_class(package: str) -> type[StoredServiceSettings]:
    """Return the settings class of a service package.

    Raises:
        SettingsError: there is no such package, or it has no database.
    """
    try:
        module = importlib.import_module(f"{package}.settings")
    except ModuleNotFoundError as error:
        raise SettingsError(f"{package!r} is not a service ({error})") from error
    for _, candidate in inspect.getmembers(module, inspect.isclass):
        if candidate.__module__ == module.__name__ and issubclass(candidate, StoredServiceSettings):
            return candidate
    raise SettingsError(f"{package!r} has no database: no class derived from StoredServiceSettings in its settings")


def alembic_config(package: str) -> Config:
    """Return Alembic's configuration for the service's `migrations` folder."""
    location = Path(str(importlib.import_module(package).__file__)).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(package: str, url: str, *, target: str = "heads") -> list[str]:
    """Upgrade the database at `url` and return the revisions applied, oldest first (none = it was up to date).

    Raises:
        MigrationError: the database cannot be reached or changed, or a migration failed.
    """
    engine = create_async_engine(
        database_url(url),
        poolclass=pool.NullPool,
        connect_args={"timeout": _CONNECT_TIMEOUT_S, "server_settings": {"application_name": f"migrate {package}"}},
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT_S}s'"))
            # For the session, not the transaction: each migration commits on its own. Closing releases it.
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
            await connection.commit()
            return await connection.run_sync(_upgrade, package, target)
    except (SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError, CommandError) as error:
        raise MigrationError(_sentence(url, error)) from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, package: str, target: str) -> list[str]:
    config = alembic_config(package)
    script = ScriptDirectory.from_config(config)
    applied: list[str] = []

    def steps(revision: object, _context: object) -> list[object]:
        chosen = list(script._upgrade_revs(target, revision))  # type: ignore[arg-type]  # noqa: SLF001 - what alembic.command.upgrade itself calls
        applied.extend(str(step.revision.revision) for step in chosen)
        return list(chosen)

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
    return applied


def _sentence(url: str, error: BaseException) -> str:
    """Describe the failure in one line: where, what PostgreSQL said, and nothing secret."""
    parts = make_url(url)
    cause = getattr(error, "orig", None) or error
    said = (str(cause).splitlines() or [""])[0].rsplit(">: ", maxsplit=1)[-1] or type(cause).__name__
    return f"cannot migrate database {parts.database!r} on {parts.host}:{parts.port or 5432}: {said}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.common.migrate", description=migrate.__doc__)
    parser.add_argument("package", help="for example services.user")
    package = parser.parse_args(arguments).package
    try:
        settings = load_settings(settings_class(package))
        applied = asyncio.run(migrate(package, settings.database_url.get_secret_value()))
    except (SettingsError, MigrationError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_FAILED
    sys.stdout.write(f"{package}: {', '.join(applied) if applied else 'up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
