"""The user service against a real PostgreSQL and a real Valkey."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.user.app import create_app
from services.user.settings import UserSettings

if TYPE_CHECKING:
    from tests.integration.conftest import OpenApp, TokenSigner, Valkey


@pytest.fixture
def settings(
    database_url: str, redis_url: str, signer: "TokenSigner", migrated: Callable[[str, str], None]
) -> UserSettings:
    migrated("services.user", database_url)
    return UserSettings(
        database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), token_jwks_file=signer.jwks_file
    )


@pytest.fixture
async def client(settings: UserSettings, open_app: "OpenApp") -> AsyncIterator[httpx.AsyncClient]:
    async with open_app(create_app(settings)) as client:
        yield client


async def test_the_first_authenticated_use_creates_the_profile(
    client: httpx.AsyncClient, signer: "TokenSigner"
) -> None:
    me, account = "/v1/users/me", uuid4()

    first = await client.get(me, headers=signer.headers("ada", account))
    second = await client.get(me, headers=signer.headers("ada", account))
    public = await client.get("/v1/users/ada")

    assert first.status_code == second.status_code == public.status_code == 200
    assert first.json() == second.json()
    assert first.json()["account_id"] == str(account)
    assert public.json() == {key: first.json()[key] for key in ("handle", "display_name", "bio", "created_at")}


async def test_whoever_changes_a_profile_reads_the_change_through_the_cache(
    client: httpx.AsyncClient, signer: "TokenSigner"
) -> None:
    headers = signer.headers("ada", uuid4())
    await client.get("/v1/users/me", headers=headers)
    assert (await client.get("/v1/users/ADA")).json()["bio"] == ""

    changed = await client.patch("/v1/users/me", headers=headers, json={"bio": "Counts.", "display_name": "Ada L."})

    assert (changed.status_code, changed.json()["bio"]) == (200, "Counts.")
    public = (await client.get("/v1/users/ada")).json()
    assert (public["bio"], public["display_name"]) == ("Counts.", "Ada L.")


async def test_a_deleted_profile_is_gone_and_an_old_token_cannot_bring_it_back(
    client: httpx.AsyncClient, signer: "TokenSigner"
) -> None:
    headers = signer.headers("ada", uuid4())
    await client.get("/v1/users/me", headers=headers)
    await client.get("/v1/users/ada")

    assert [(await client.delete("/v1/users/me", headers=headers)).status_code for _ in range(2)] == [204, 204]

    assert (await client.get("/v1/users/ada")).status_code == 404
    again = await client.get("/v1/users/me", headers=headers)
    assert (again.status_code, again.json()["type"]) == (404, "https://titanium.example/problems/profile-not-found")
    assert (await client.patch("/v1/users/me", headers=headers, json={"bio": "x"})).status_code == 404
    somebody_else = await client.get("/v1/users/me", headers=signer.headers("ada", uuid4()))
    assert somebody_else.status_code == 200, "the handle is free again"


async def test_a_handle_never_belongs_to_two_accounts(client: httpx.AsyncClient, signer: "TokenSigner") -> None:
    await client.get("/v1/users/me", headers=signer.headers("ada", uuid4()))

    answer = await client.get("/v1/users/me", headers=signer.headers("ada", uuid4()))

    assert (answer.status_code, answer.json()["type"]) == (409, "https://titanium.example/problems/handle-taken")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_own_profile_without_a_token_is_401_and_names_the_scheme(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/v1/users/me", json={"bio": "x"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({}, "/body"),
        ({"display_name": "  "}, "/body/display_name"),
        ({"bio": "x" * 501}, "/body/bio"),
        ({"bio": "a\x00b"}, "/body/bio"),
        ({"handle": "eve"}, "/body/handle"),
    ],
)
async def test_wrong_changes_are_422_and_name_the_field(
    client: httpx.AsyncClient, signer: "TokenSigner", changes: dict[str, str], pointer: str
) -> None:
    answer = await client.patch("/v1/users/me", headers=signer.headers("ada"), json=changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_an_unknown_handle_is_404_and_an_impossible_one_422(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/users/nobody")).status_code == 404
    assert (await client.get(f"/v1/users/{'x' * 65}")).status_code == 422
    assert (await client.get("/v1/users/a%00b")).status_code == 422


async def test_reads_stay_right_while_redis_dies_and_comes_back(
    client: httpx.AsyncClient, signer: "TokenSigner", valkey: "Valkey"
) -> None:
    headers = signer.headers("ada", uuid4())
    await client.patch("/v1/users/me", headers=headers, json={"bio": "before"})
    assert (await client.get("/v1/users/ada")).json()["bio"] == "before"

    valkey.pause()
    await client.patch("/v1/users/me", headers=headers, json={"bio": "meanwhile"})
    while_silent = [(await client.get("/v1/users/ada")).json()["bio"] for _ in range(8)]
    valkey.resume()
    after = [(await client.get("/v1/users/ada")).json()["bio"] for _ in range(8)]
    valkey.kill()
    while_dead = [(await client.get("/v1/users/ada")).json()["bio"] for _ in range(8)]

    assert {*while_silent, *after, *while_dead} == {"meanwhile"}


async def test_a_database_that_refuses_is_503_with_retry_after(settings: UserSettings, open_app: "OpenApp") -> None:
    unreachable = settings.model_copy(update={"database_url": SecretStr("postgresql://u:p@127.0.0.1:1/db")})
    async with open_app(create_app(unreachable)) as client:
        answer = await client.get("/v1/users/ada")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "127.0.0.1" not in answer.text
