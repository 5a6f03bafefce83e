"""Servers that the environment names: used as they are, by an administrator who is no superuser, or refused clearly."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import pytest

from workbench.errors import UsageError
from workbench.platform import datastores
from workbench.platform.instance import CHECKOUT, Instance
from workbench.platform.postgres import DatabaseServer, check_connection, create_databases, given_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Postgres, Valkey

PASSWORD = "p@ss/wörd%"


@pytest.fixture
def administrator(postgres: Postgres) -> DatabaseServer:
    """A server seen by a user who may create roles and databases, and nothing else."""
    postgres.psql("DROP ROLE IF EXISTS boss; CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'hush'")
    return given_server(postgres.url("postgres", "boss", "hush"))


@pytest.fixture
def service(postgres: Postgres) -> str:
    """The name of a service that no other test uses; its database and role go away afterwards."""
    name = "given_service"
    postgres.psql(f"DROP DATABASE IF EXISTS {name}")
    postgres.psql(f"DROP ROLE IF EXISTS {name}")
    return name


def ask(url: str, question: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def test_a_service_gets_a_database_that_is_its_own(administrator: DatabaseServer, service: str) -> None:
    create_databases(administrator, {service: PASSWORD})
    url = administrator.url_for(service, PASSWORD)
    assert ask(url, "SELECT current_user || ' ' || current_database()") == f"{service} {service}"
    assert ask(url, "CREATE TABLE mine (x int)") is None


def test_a_second_time_keeps_the_data_and_sets_the_password_again(administrator: DatabaseServer, service: str) -> None:
    create_databases(administrator, {service: PASSWORD})
    ask(administrator.url_for(service, PASSWORD), "CREATE TABLE mine (x int)")
    create_databases(administrator, {service: "another"})
    assert ask(administrator.url_for(service, "another"), "SELECT count(*) FROM mine") == 0


def test_other_roles_may_not_connect_to_a_services_database(
    administrator: DatabaseServer, service: str, postgres: Postgres
) -> None:
    create_databases(administrator, {service: PASSWORD})
    postgres.psql("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'hush'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(postgres.url(service, "stranger", "hush"), "SELECT 1")


def test_a_user_who_may_not_create_roles_is_refused_with_what_is_missing(postgres: Postgres, service: str) -> None:
    postgres.psql("DROP ROLE IF EXISTS nobody_special; CREATE ROLE nobody_special LOGIN PASSWORD 'hush'")
    with pytest.raises(UsageError, match="may not create roles") as refused:
        create_databases(given_server(postgres.url("postgres", "nobody_special", "hush")), {service: "x"})
    assert "CREATEROLE" in refused.value.hint


@pytest.mark.parametrize(
    ("user", "password", "database"), [("boss", "wrong", "postgres"), ("boss", "hush", "no_such_database")]
)
def test_a_server_that_refuses_is_reported_without_the_password(
    administrator: DatabaseServer, postgres: Postgres, user: str, password: str, database: str
) -> None:
    del administrator
    with pytest.raises(UsageError, match="refuses") as refused:
        check_connection(given_server(postgres.url(database, user, password)))
    assert password not in refused.value.message
    assert "DATABASE_URL" in refused.value.hint


def test_given_servers_are_not_started_again(administrator: DatabaseServer, valkey: Valkey, tmp_path: Path) -> None:
    given = {"DATABASE_URL": administrator.url, "REDIS_URL": f"redis://127.0.0.1:{valkey.port}/3"}
    stores = datastores.choose(Instance(CHECKOUT, tmp_path, 21000), given)
    assert stores.programs == ()
    assert stores.addresses() == {
        "postgres": ("127.0.0.1", administrator.port),
        "valkey": ("127.0.0.1", valkey.port),
    }


def test_a_redis_that_wants_a_password_is_reported(valkey: Valkey) -> None:
    with pytest.raises(UsageError, match="refuses the user or its password"):
        datastores.check_redis(f"redis://me:wrong@127.0.0.1:{valkey.port}/0")
