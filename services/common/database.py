"""PostgreSQL through SQLAlchemy (async) and asyncpg, with every wait bounded.

`session()` is a unit of work that rolls back unless `commit()` is called; `reader()` is a connection in autocommit for
hot reads (no BEGIN, no ROLLBACK: two round trips less). Waiting for a connection, connecting, a command and a
statement each have a limit. A server that has become read-only (SQLSTATE 25006: a demoted primary, which a ping does
not show) counts as a lost connection, so that the pool reconnects and finds the new primary.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, Self

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
from prometheus_client import Counter
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import QueuePool

from services.common.errors import UnavailableError
from services.common.settings import StoredServiceSettings
from services.common.telemetry.metrics import ServiceMetrics

# SQLSTATEs that mean "this server cannot serve us now", not "this statement is wrong" (PostgreSQL, Appendix A).
_READ_ONLY = "25006"
_UNAVAILABLE_STATES = frozenset({_READ_ONLY, "57P01", "57P02", "57P03", "53300", "57014"})
_UNAVAILABLE_CLASSES = ("08",)


class PoolState(Protocol):
    """The figures of SQLAlchemy's pool that are exported."""

    def checkedin(self) -> int: ...

    def checkedout(self) -> int: ...

    def size(self) -> int: ...


def database_url(url: str) -> URL:
    """Return the URL with the asyncpg driver, whatever spelling of postgresql was given."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def sqlstate(error: DBAPIError) -> str | None:
    """Return PostgreSQL's five-character error code, None when the server did not send one."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


class Database:
    """The engine of one service; open for the lifetime of the application."""

    def __init__(self, engine: AsyncEngine, *, pool_timeouts: Counter | None = None) -> None:
        self.engine = engine
        self._pool_timeouts = pool_timeouts
        # Before the autocommit engine is derived: it asks once, when it is made, whether there are listeners at all.
        event.listen(engine.sync_engine, "handle_error", _treat_read_only_as_disconnect)
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def from_settings(cls, settings: StoredServiceSettings, metrics: ServiceMetrics | None = None) -> Self:
        """Create the engine; nothing is connected yet."""
        engine = create_async_engine(
            database_url(settings.database_url.get_secret_value()),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_acquire_timeout_s,
            pool_recycle=1800,
            pool_use_lifo=True,
            hide_parameters=True,  # what users sent must not stand in exceptions
            connect_args={
                "timeout": settings.database_connect_timeout_s,
                "command_timeout": settings.database_command_timeout_s,
                "server_settings": {
                    "application_name": settings.service_name,
                    "statement_timeout": str(settings.database_statement_timeout_ms),
                    "idle_in_transaction_session_timeout": "15000",
                },
            },
        )
        if metrics is None:
            return cls(engine)
        database = cls(engine, pool_timeouts=metrics.pool_timeouts)
        database._export_pool(metrics)
        return database

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: rolled back at the end unless `await session.commit()` was called.

        Raises:
            UnavailableError: no connection in time, or the server cannot serve now.
        """
        with self._unavailable_as_503():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection in autocommit, for single statements that only read.

        Raises:
            UnavailableError: no connection in time, or the server cannot serve now.
        """
        with self._unavailable_as_503():
            async with self._autocommit.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Raise unless the database answers a statement."""
        async with self.reader() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()

    def _unavailable_as_503(self) -> "_UnavailableAs503":
        return _UnavailableAs503(self._pool_timeouts)

    def _export_pool(self, metrics: ServiceMetrics) -> None:
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return
        metrics.pool_max.set(pool.size())
        metrics.pool_connections.labels("used").set_function(pool.checkedout)
        metrics.pool_connections.labels("idle").set_function(pool.checkedin)


class _UnavailableAs503:
    """Turns failures of the connection, not of the statement, into the 503 that callers may retry."""

    def __init__(self, pool_timeouts: Counter | None) -> None:
        self._pool_timeouts = pool_timeouts

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, PoolTimeoutError) and self._pool_timeouts is not None:
            self._pool_timeouts.inc()
        if isinstance(error, BaseException) and is_unavailable(error):
            raise UnavailableError("The database cannot be used at the moment.", retry_after_s=1) from error


def is_unavailable(error: BaseException) -> bool:
    """Return whether the error says that the database is down, full, restarting, read-only or too slow."""
    if isinstance(error, PoolTimeoutError | OSError | asyncpg.PostgresConnectionError | asyncpg.InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    return state in _UNAVAILABLE_STATES or state.startswith(_UNAVAILABLE_CLASSES)


def _treat_read_only_as_disconnect(context: ExceptionContext) -> None:
    original = context.original_exception
    if getattr(original, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True
