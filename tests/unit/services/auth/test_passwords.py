"""Password hashing: bounded, refusing instead of queueing without end, the same work for unknown users."""

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from prometheus_client import Counter
from pydantic import SecretStr, ValidationError

from services.auth.errors import HashingSaturatedError
from services.auth.passwords import Passwords
from services.auth.settings import AuthSettings


def settings(**changes: object) -> AuthSettings:
    values = {
        "database_url": SecretStr("postgresql://u:p@h/d"),
        "signing_key_file": Path("unused.pem"),
        "argon2_threads": 1,
        "argon2_queue": 1,
    }
    return AuthSettings.model_validate(values | changes)


@pytest.fixture
def rejected() -> Counter:
    return Counter("rejected", "Counts.", registry=None)


@pytest.fixture
def passwords(rejected: Counter) -> Iterator[Passwords]:
    made = Passwords(settings(), rejected=rejected)
    yield made
    made.close()


async def test_the_right_password_verifies_and_others_do_not(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify("correct horse", stored)
    assert not await passwords.verify("wrong", stored)
    assert not await passwords.verify("correct horse", "not a hash")
    assert not await passwords.verify("a password that nobody has", None), "the dummy's own password"


async def test_an_unknown_user_costs_as_much_as_a_wrong_password(passwords: Passwords) -> None:
    stored = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash("correct horse")

    async def seconds(password_hash: str | None) -> float:
        # CPU time of the hashing thread: how busy the machine is does not matter.
        started = await passwords._run(time.thread_time)
        await passwords.verify("wrong", password_hash)
        return await passwords._run(time.thread_time) - started

    known = statistics.median([await seconds(stored) for _ in range(7)])
    unknown = statistics.median([await seconds(None) for _ in range(7)])

    assert known > 0.005
    assert 0.5 < unknown / known < 2.0


async def test_beyond_threads_and_queue_it_refuses_at_once_and_takes_again_when_one_is_done(
    passwords: Passwords, rejected: Counter
) -> None:
    release = threading.Event()
    waiting = [asyncio.create_task(passwords._run(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(HashingSaturatedError) as raised:
        await passwords.hash("correct horse")
    assert raised.value.headers["retry-after"] == "1"
    assert next(sample.value for family in rejected.collect() for sample in family.samples) == 1

    release.set()
    await asyncio.gather(*waiting)
    assert await passwords.hash("correct horse")


async def test_a_caller_that_goes_away_frees_its_place_only_when_the_thread_is_done(passwords: Passwords) -> None:
    release = threading.Event()
    waiting = [asyncio.create_task(passwords._run(release.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)

    with pytest.raises(HashingSaturatedError):
        await passwords.hash("correct horse")
    release.set()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("weaker", [{"argon2_memory_kib": 19_455}, {"argon2_passes": 1}])
def test_settings_below_owasps_minimum_are_refused(weaker: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        settings(**weaker)
