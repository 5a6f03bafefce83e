"""The auth service against a real PostgreSQL; the user service is a small fake on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web
from pydantic import HttpUrl, SecretStr

from services.auth.app import create_app
from services.auth.settings import AuthSettings

if TYPE_CHECKING:
    from tests.integration.conftest import OpenApp, Postgres, TokenSigner

PASSWORD = "correct horse battery"
ADA = {"email": "Ada@Example.org", "handle": "Ada", "password": PASSWORD}


class FakeUserService:
    """Remembers the calls; answers as told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.status: dict[str, int] = {"GET": 200, "PATCH": 200, "DELETE": 204}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"].startswith("Bearer ")
        self.calls.append((request.method, await request.json() if request.can_read_body else None))
        return web.Response(status=self.status[request.method])


@pytest.fixture
async def user_service() -> AsyncIterator[FakeUserService]:
    fake = FakeUserService()
    app = web.Application()
    app.router.add_route("*", "/v1/users/me", fake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
def migrated_url(database_url: str, migrated: Callable[[str, str], None]) -> str:
    migrated("services.auth", database_url)
    return database_url


@pytest.fixture
def settings(migrated_url: str, signer: "TokenSigner", user_service: FakeUserService) -> AuthSettings:
    return AuthSettings(
        database_url=SecretStr(migrated_url),
        signing_key_file=signer.private_key_file,
        user_url=HttpUrl(user_service.url),
        refresh_grace_s=0.5,
    )


@pytest.fixture
async def client(settings: AuthSettings, open_app: "OpenApp") -> AsyncIterator[httpx.AsyncClient]:
    async with open_app(create_app(settings)) as client:
        yield client


async def _register(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/v1/auth/register", json=ADA)
    assert answer.status_code == 201, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def _refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/v1/auth/refresh", json={"refresh_token": token})


def _slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]


async def test_registering_logs_in_and_asks_for_the_profile(
    client: httpx.AsyncClient, user_service: FakeUserService
) -> None:
    answer = await client.post("/v1/auth/register", json={**ADA, "display_name": "Ada L."})

    assert answer.status_code == 201
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"
    assert user_service.calls == [("PATCH", {"display_name": "Ada L."})]


async def test_registering_succeeds_without_the_user_service(
    client: httpx.AsyncClient, user_service: FakeUserService
) -> None:
    user_service.status["GET"] = 503

    assert (await client.post("/v1/auth/register", json=ADA)).status_code == 201


@pytest.mark.parametrize("taken", [{"email": "ada@example.org"}, {"handle": "ADA"}])
async def test_a_taken_address_or_handle_is_409_and_not_told_apart(
    client: httpx.AsyncClient, taken: dict[str, str]
) -> None:
    await _register(client)
    other = {"email": "eve@example.org", "handle": "eve", "password": PASSWORD}

    answer = await client.post("/v1/auth/register", json=other | taken)

    assert _slug(answer) == (409, "account-exists")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"email": "nowhere"}, "/body/email"),
        ({"handle": "a"}, "/body/handle"),
        ({"handle": "-dash"}, "/body/handle"),
        ({"password": "short"}, "/body/password"),
        ({"password": "x" * 129}, "/body/password"),
        ({"role": "admin"}, "/body/role"),
    ],
)
async def test_a_wrong_registration_is_422_names_the_field_and_never_echoes_the_password(
    client: httpx.AsyncClient, wrong: dict[str, str], pointer: str
) -> None:
    answer = await client.post("/v1/auth/register", json=ADA | wrong)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert wrong.get("password", PASSWORD) not in answer.text


async def test_login_takes_the_right_password_and_tells_wrong_and_unknown_alike(client: httpx.AsyncClient) -> None:
    await _register(client)

    right = await client.post("/v1/auth/login", json={"email": "ADA@example.org", "password": PASSWORD})
    wrong = await client.post("/v1/auth/login", json={"email": "ada@example.org", "password": "wrong"})
    unknown = await client.post("/v1/auth/login", json={"email": "eve@example.org", "password": "wrong"})

    assert right.status_code == 200
    assert _slug(wrong) == _slug(unknown) == (401, "invalid-credentials")
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


async def test_a_login_that_no_database_can_look_up_is_422(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/auth/login", json={"email": "a\x00b", "password": "wrong"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/email"


async def test_logins_beyond_the_queue_are_503_with_retry_after(settings: AuthSettings, open_app: "OpenApp") -> None:
    tight = settings.model_copy(update={"argon2_threads": 1, "argon2_queue": 1})
    async with open_app(create_app(tight)) as client:
        body = {"email": "eve@example.org", "password": "wrong"}
        answers = await asyncio.gather(*(client.post("/v1/auth/login", json=body) for _ in range(10)))
        later = await client.post("/v1/auth/login", json=body)

    saturated = [answer for answer in answers if answer.status_code == 503]
    assert saturated
    assert {(_slug(answer), answer.headers["retry-after"]) for answer in saturated} == {((503, "login-saturated"), "1")}
    assert later.status_code == 401, "the places are free again"


async def test_a_refresh_token_is_traded_for_a_new_pair(client: httpx.AsyncClient) -> None:
    first = await _register(client)

    second = (await _refresh(client, first["refresh_token"])).json()
    third = await _refresh(client, second["refresh_token"])

    assert third.status_code == 200
    assert len({first["refresh_token"], second["refresh_token"], third.json()["refresh_token"]}) == 3


async def test_a_lost_answer_may_be_asked_for_again_within_the_grace(client: httpx.AsyncClient) -> None:
    first = await _register(client)
    await _refresh(client, first["refresh_token"])

    again = await _refresh(client, first["refresh_token"])

    assert again.status_code == 200
    assert (await _refresh(client, again.json()["refresh_token"])).status_code == 200


async def test_reuse_after_the_successor_was_used_ends_the_whole_session(client: httpx.AsyncClient) -> None:
    first = await _register(client)
    second = (await _refresh(client, first["refresh_token"])).json()
    third = (await _refresh(client, second["refresh_token"])).json()

    assert _slug(await _refresh(client, first["refresh_token"])) == (401, "refresh-token-reused")
    assert _slug(await _refresh(client, third["refresh_token"])) == (401, "invalid-refresh-token")


async def test_reuse_after_the_grace_ends_the_whole_session(settings: AuthSettings, open_app: "OpenApp") -> None:
    async with open_app(create_app(settings.model_copy(update={"refresh_grace_s": 0.0}))) as client:
        first = await _register(client)
        second = (await _refresh(client, first["refresh_token"])).json()

        assert _slug(await _refresh(client, first["refresh_token"])) == (401, "refresh-token-reused")
        assert _slug(await _refresh(client, second["refresh_token"])) == (401, "invalid-refresh-token")


async def test_of_refreshes_at_the_same_time_one_goes_on_and_a_second_one_ends_the_session(
    settings: AuthSettings, open_app: "OpenApp"
) -> None:
    async with open_app(create_app(settings.model_copy(update={"refresh_grace_s": 30.0}))) as client:
        first = await _register(client)
        answers = await asyncio.gather(*(_refresh(client, first["refresh_token"]) for _ in range(8)))
        tokens = [answer.json()["refresh_token"] for answer in answers]

        assert len(set(tokens)) == 8
        goes_on = await _refresh(client, tokens[3])
        assert goes_on.status_code == 200
        assert _slug(await _refresh(client, tokens[5])) == (401, "refresh-token-reused")
        assert _slug(await _refresh(client, goes_on.json()["refresh_token"])) == (401, "invalid-refresh-token")


async def test_an_unknown_refresh_token_is_401(client: httpx.AsyncClient) -> None:
    assert _slug(await _refresh(client, "made up")) == (401, "invalid-refresh-token")


async def test_an_expired_session_cannot_be_refreshed(
    client: httpx.AsyncClient, postgres: "Postgres", migrated_url: str
) -> None:
    tokens = await _register(client)
    database = migrated_url.rsplit("/", 1)[-1]
    postgres.psql("UPDATE sessions SET expires_at = now() - interval '1 second'", database=database)

    assert _slug(await _refresh(client, tokens["refresh_token"])) == (401, "invalid-refresh-token")


async def test_logging_out_ends_the_session_and_may_be_repeated(client: httpx.AsyncClient) -> None:
    tokens = await _register(client)
    body = {"refresh_token": tokens["refresh_token"]}

    assert [(await client.post("/v1/auth/logout", json=body)).status_code for _ in range(2)] == [204, 204]
    assert (await client.post("/v1/auth/logout", json={"refresh_token": "made up"})).status_code == 204
    assert _slug(await _refresh(client, tokens["refresh_token"])) == (401, "invalid-refresh-token")


async def test_deleting_the_account_deletes_the_profile_first_and_ends_every_session(
    client: httpx.AsyncClient, user_service: FakeUserService
) -> None:
    tokens = await _register(client)
    headers = {"authorization": f"Bearer {tokens['access_token']}"}

    assert (await client.delete("/v1/auth/account", headers=headers)).status_code == 204

    assert user_service.calls[-1] == ("DELETE", None)
    assert _slug(await _refresh(client, tokens["refresh_token"])) == (401, "invalid-refresh-token")
    login = await client.post("/v1/auth/login", json={"email": ADA["email"], "password": PASSWORD})
    assert _slug(login) == (401, "invalid-credentials")


async def test_a_deleted_accounts_handle_is_never_given_away_its_address_is_free(client: httpx.AsyncClient) -> None:
    tokens = await _register(client)
    await client.delete("/v1/auth/account", headers={"authorization": f"Bearer {tokens['access_token']}"})

    same_handle = await client.post("/v1/auth/register", json={**ADA, "email": "another@example.org"})
    assert _slug(same_handle) == (409, "account-exists")
    assert (await client.post("/v1/auth/register", json={**ADA, "handle": "ada-again"})).status_code == 201


@pytest.mark.parametrize("address", ["Grace@Xn--Mnchen-3ya.de", "grace@mu\u0308nchen.de", "  GRACE@example.org "])
async def test_whoever_could_register_can_log_in(client: httpx.AsyncClient, address: str) -> None:
    person = {"email": address, "handle": "grace", "password": PASSWORD}
    assert (await client.post("/v1/auth/register", json=person)).status_code == 201
    login = await client.post("/v1/auth/login", json={"email": address, "password": PASSWORD})
    assert login.status_code == 200


async def test_when_the_profile_cannot_be_deleted_the_account_stays(
    client: httpx.AsyncClient, user_service: FakeUserService
) -> None:
    tokens = await _register(client)
    user_service.status["DELETE"] = 500

    answer = await client.delete("/v1/auth/account", headers={"authorization": f"Bearer {tokens['access_token']}"})

    assert _slug(answer) == (503, "unavailable")
    assert (await _refresh(client, tokens["refresh_token"])).status_code == 200


async def test_deleting_the_account_needs_a_token(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/v1/auth/account")).status_code == 401


@pytest.mark.parametrize("path", ["/v1/auth/jwks", "/.well-known/jwks.json"])
async def test_the_key_set_has_only_the_public_key(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key
    assert "max-age" in answer.headers["cache-control"]


async def test_no_secret_is_stored_as_it_is(client: httpx.AsyncClient, postgres: "Postgres", migrated_url: str) -> None:
    tokens = await _register(client)
    database = migrated_url.rsplit("/", 1)[-1]

    stored = postgres.psql("SELECT a, encode(t.digest, 'escape') FROM accounts a, refresh_tokens t", database=database)

    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored
    assert PASSWORD not in stored
    assert tokens["refresh_token"] not in stored
