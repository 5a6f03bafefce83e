"""The database of the service defaults against a real PostgreSQL: every wait ends, failures are 503."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.common.database import Database
from services.common.errors import UnavailableError
from services.common.settings import StoredServiceSettings
from services.common.telemetry.metrics import ServiceMetrics

if TYPE_CHECKING:
    from tests.integration.conftest import Postgres


@pytest.fixture
def metrics() -> ServiceMetrics:
    return ServiceMetrics(service="test", version="1")


@pytest.fixture
async def database(database_url: str, metrics: ServiceMetrics) -> AsyncIterator[Database]:
    settings = StoredServiceSettings(
        database_url=SecretStr(database_url),
        database_pool_size=1,
        database_acquire_timeout_s=0.2,
        database_statement_timeout_ms=300,
    )
    opened = Database.from_settings(settings, metrics)
    async with opened.session() as session:
        await session.execute(text("CREATE TABLE things (id int PRIMARY KEY)"))
        await session.commit()
    yield opened
    await opened.close()


async def _count(database: Database) -> int:
    async with database.reader() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM things"))).scalar_one())


async def test_a_session_rolls_back_unless_it_is_committed(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("INSERT INTO things VALUES (1)"))
    assert await _count(database) == 0

    async with database.session() as session:
        await session.execute(text("INSERT INTO things VALUES (1)"))
        await session.commit()
    assert await _count(database) == 1


async def test_waiting_for_a_connection_ends_in_time_is_503_and_counted(
    database: Database, metrics: ServiceMetrics
) -> None:
    async with database.reader():
        started = time.monotonic()
        with pytest.raises(UnavailableError):
            await database.ping()
        assert time.monotonic() - started < 1.0
        assert metrics.registry.get_sample_value("db_client_connection_count", {"state": "used"}) == 1

    assert metrics.registry.get_sample_value("db_client_connection_timeouts_total") == 1
    assert metrics.registry.get_sample_value("db_client_connection_count", {"state": "used"}) == 0


async def test_a_statement_that_takes_too_long_is_ended_by_the_server_as_503(database: Database) -> None:
    with pytest.raises(UnavailableError):
        async with database.reader() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))

    await database.ping()


async def test_a_wrong_statement_is_not_passed_off_as_an_unavailable_database(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            await session.execute(text("INSERT INTO things VALUES (1), (1)"))


@pytest.mark.parametrize("unit", ["session", "reader"])
async def test_a_server_that_has_become_read_only_costs_one_request_and_a_new_connection(
    database: Database, database_url: str, postgres: "Postgres", unit: str
) -> None:
    name = database_url.rsplit("/", 1)[-1]
    postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await database.engine.dispose()
    await database.ping()
    postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")

    # The pooled session still is read-only, as one to a demoted primary is.
    with pytest.raises(UnavailableError):
        await _insert(database, unit)

    await _insert(database, unit)
    assert await _count(database) == 1


async def _insert(database: Database, unit: str) -> None:
    if unit == "reader":
        async with database.reader() as connection:
            await connection.execute(text("INSERT INTO things VALUES (7)"))
        return
    async with database.session() as session:
        await session.execute(text("INSERT INTO things VALUES (7)"))
        await session.commit()


async def test_connections_that_the_server_has_ended_are_replaced(
    database: Database, database_url: str, postgres: "Postgres"
) -> None:
    await database.ping()
    ended = postgres.psql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()",
        database=database_url.rsplit("/", 1)[-1],
    )
    assert ended == "1"

    outcomes = [await asyncio.gather(database.ping(), return_exceptions=True) for _ in range(3)]

    assert [isinstance(outcome[0], UnavailableError) for outcome in outcomes][1:] == [False, False]
