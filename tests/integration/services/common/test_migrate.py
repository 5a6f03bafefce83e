"""Migrations against a real PostgreSQL: once, completely, and with one clear line for whatever is in the way."""

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from services.common.migrate import MigrationError, migrate

if TYPE_CHECKING:
    from tests.integration.conftest import Postgres, TokenSigner

PACKAGE = "services.auth"


def _command(url: str, signer: "TokenSigner", package: str = PACKAGE) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "SIGNING_KEY_FILE": str(signer.private_key_file),
    }
    command = [sys.executable, "-m", "services.common.migrate", package]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_first_run_applies_everything_and_the_second_nothing(database_url: str, signer: "TokenSigner") -> None:
    first, second = _command(database_url, signer), _command(database_url, signer)

    assert (first.returncode, first.stdout) == (0, "services.auth: 0001, 0002\n")
    assert (second.returncode, second.stdout) == (0, "services.auth: up to date\n")


async def test_of_several_at_the_same_time_one_does_the_work(database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(PACKAGE, database_url) for _ in range(4)))

    assert sorted(applied) == [[], [], [], ["0001", "0002"]]


async def test_the_next_run_completes_what_a_crash_left_half_done(database_url: str, postgres: "Postgres") -> None:
    assert await migrate(PACKAGE, database_url, target="0001") == ["0001"]
    database = database_url.rsplit("/", 1)[-1]
    assert postgres.psql("SELECT to_regclass('sessions') IS NULL", database=database) == "t"

    assert await migrate(PACKAGE, database_url) == ["0002"]
    assert postgres.psql("SELECT to_regclass('sessions') IS NULL", database=database) == "f"


async def test_a_migration_that_fails_leaves_the_schema_at_the_one_before(
    database_url: str, postgres: "Postgres"
) -> None:
    database = database_url.rsplit("/", 1)[-1]
    owner = database_url.split("//")[1].split(":", maxsplit=1)[0]
    # The second of the second migration's two tables is in the way: the first must be rolled back with it.
    postgres.psql(f"SET ROLE {owner}; CREATE TABLE refresh_tokens (x int)", database=database)

    with pytest.raises(MigrationError, match='relation "refresh_tokens" already exists'):
        await migrate(PACKAGE, database_url)

    assert postgres.psql("SELECT version_num FROM alembic_version", database=database) == "0001"
    assert postgres.psql("SELECT to_regclass('sessions') IS NULL", database=database) == "t"
    postgres.psql("DROP TABLE refresh_tokens", database=database)
    assert await migrate(PACKAGE, database_url) == ["0002"]


def _one_line_without_traceback(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.returncode == 2
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_a_wrong_password_is_one_clear_line_without_it(database_url: str, signer: "TokenSigner") -> None:
    wrong = database_url.replace("secret-", "hunter2-")

    line = _one_line_without_traceback(_command(wrong, signer))

    assert "password authentication failed" in line
    assert "hunter2" not in line


def test_an_unreachable_database_is_one_clear_line(signer: "TokenSigner") -> None:
    line = _one_line_without_traceback(_command("postgresql://u:hunter2@127.0.0.1:1/blog", signer))

    assert "127.0.0.1:1" in line
    assert "hunter2" not in line


def test_a_read_only_database_is_one_clear_line(database_url: str, postgres: "Postgres", signer: "TokenSigner") -> None:
    database = database_url.rsplit("/", 1)[-1]
    postgres.psql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")

    assert "read-only transaction" in _one_line_without_traceback(_command(database_url, signer))


@pytest.mark.parametrize(
    ("url", "package", "said"),
    [
        ("nonsense", PACKAGE, "DATABASE_URL"),
        ("", PACKAGE, "DATABASE_URL is not set"),
        ("postgresql://u:p@h/d", "services.nothing", "services.nothing"),
    ],
)
def test_wrong_usage_is_one_clear_line_that_names_it(url: str, package: str, said: str, signer: "TokenSigner") -> None:
    assert said in _one_line_without_traceback(_command(url, signer, package))
