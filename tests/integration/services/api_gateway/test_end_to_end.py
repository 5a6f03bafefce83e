"""Gateway → auth, user, blog → PostgreSQL and Valkey: every service a process of its own, on real sockets."""

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from chaos.load.population import demo_users
from tests.integration.conftest import Postgres, RunningService, StartService, TokenSigner, Valkey
from tests.integration.services.api_gateway.conftest import GATEWAY, metric
from workbench.demo_data import Loaded, load_demo_data


@dataclass
class Platform:
    """The running services and a client at the gateway."""

    gateway: RunningService
    blog: RunningService
    client: httpx.Client

    def log_in(self, number: int = 0) -> dict[str, str]:
        user = demo_users()[number]
        answer = self.client.post("/v1/auth/login", json={"email": user.email, "password": user.password})
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    def register(self, number: int = 0) -> dict[str, str]:
        user = demo_users()[number]
        account = {"email": user.email, "password": user.password, "handle": user.handle}
        answer = self.client.post("/v1/auth/register", json=account)
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def platform(
    start_service: StartService,
    postgres: Postgres,
    valkey: Valkey,
    signer: TokenSigner,
    migrated: Callable[[str, str], None],
) -> Iterator[Platform]:
    common = {"REDIS_URL": valkey.url, "SHUTDOWN_WAIT_S": "0.2"}
    urls = {}
    for service in ("auth", "user", "blog"):
        urls[service] = postgres.create_database()
        migrated(f"services.{service}", urls[service])
    keys = {"TOKEN_JWKS_FILE": str(signer.jwks_file)}
    user = start_service("services.user.app:create_app", {**common, **keys, "DATABASE_URL": urls["user"]})
    auth = start_service(
        "services.auth.app:create_app",
        {
            **common,
            "DATABASE_URL": urls["auth"],
            "SIGNING_KEY_FILE": str(signer.private_key_file),
            "USER_URL": user.url,
        },
    )
    blog = start_service("services.blog.app:create_app", {**common, "DATABASE_URL": urls["blog"], "AUTH_URL": auth.url})
    upstreams = {"AUTH_URL": auth.url, "USER_URL": user.url, "BLOG_URL": blog.url}
    gateway = start_service(GATEWAY, {**common, **upstreams})
    with httpx.Client(base_url=gateway.url, timeout=15) as client:
        yield Platform(gateway, blog, client)


def test_a_user_registers_writes_reads_and_deletes(platform: Platform) -> None:
    ada = platform.register()
    assert platform.client.get("/v1/users/me", headers=ada).json()["handle"] == demo_users()[0].handle
    draft = {"title": "Hello", "body": "World", "tags": ["python"]}
    created = platform.client.post("/v1/posts", json=draft, headers=ada)
    assert created.status_code == 201
    location = created.headers["location"]
    read = platform.client.get(location)
    assert read.json() == created.json()
    assert platform.client.get(location, headers={"if-none-match": read.headers["etag"]}).status_code == 304
    edited = platform.client.patch(location, json={"title": "Hi"}, headers={**ada, "if-match": '"1"'})
    assert edited.status_code == 200
    assert platform.client.get("/v1/posts?tag=python").json()["items"][0]["title"] == "Hi"
    assert platform.client.delete(location, headers=ada).status_code == 204
    assert platform.client.get(location).status_code == 404
    assert platform.client.delete("/v1/users/me", headers=ada).status_code == 204
    assert platform.client.get(f"/v1/users/{demo_users()[0].handle}").status_code == 404


def test_one_user_cannot_change_the_post_of_another(platform: Platform) -> None:
    ada, bela = platform.register(0), platform.register(1)
    location = platform.client.post("/v1/posts", json={"title": "A", "body": "B"}, headers=ada).headers["location"]
    refused = platform.client.patch(location, json={"title": "Mine"}, headers=bela)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert platform.client.get(location).json()["title"] == "A"


def test_the_demo_data_is_loaded_once_and_its_users_can_log_in(platform: Platform) -> None:
    first = asyncio.run(load_demo_data(platform.gateway.url, posts=40))
    again = asyncio.run(load_demo_data(platform.gateway.url, posts=40))
    assert first == Loaded(users=len(demo_users()), posts=41, already_there=False)
    assert again == Loaded(users=0, posts=0, already_there=True)
    page = platform.client.get("/v1/posts?limit=100").json()
    assert len(page["items"]) == 41
    assert platform.client.get("/v1/users/me", headers=platform.log_in(5)).status_code == 200


def test_readers_and_writers_notice_nothing_when_valkey_dies(platform: Platform, valkey: Valkey) -> None:
    ada = platform.register()
    location = platform.client.post("/v1/posts", json={"title": "0", "body": "x"}, headers=ada).headers["location"]
    for number in range(1, 30):
        if number == 10:
            valkey.kill()
        if number == 20:
            valkey.start()
        assert platform.client.patch(location, json={"title": str(number)}, headers=ada).status_code == 200
        assert platform.client.get(location).json()["title"] == str(number)
        assert platform.client.get("/v1/posts").json()["items"][0]["title"] == str(number)
    assert metric(platform.gateway, "rate_limit_decisions_total", result="open") >= 20


def test_a_silent_valkey_slows_readers_by_little(platform: Platform, valkey: Valkey) -> None:
    ada = platform.register()
    location = platform.client.post("/v1/posts", json={"title": "A", "body": "x"}, headers=ada).headers["location"]
    valkey.pause()
    try:
        started = time.monotonic()
        assert [platform.client.get(location).status_code for _ in range(30)] == [200] * 30
        # Three time-outs of 0.2 s in the gateway, three in the blog, then one each per second.
        assert time.monotonic() - started < 3.0
    finally:
        valkey.resume()


@pytest.mark.parametrize("stopped", ["gateway", "blog"])
def test_sigterm_under_load_loses_no_request(platform: Platform, stopped: str) -> None:
    """Like a load balancer's connections: each leaves when an answer says `connection: close`, and not before."""
    ada = platform.register()
    location = platform.client.post("/v1/posts", json={"title": "A", "body": "x"}, headers=ada).headers["location"]
    service: RunningService = getattr(platform, stopped)

    def read_until_told_to_leave() -> list[str]:
        outcomes: list[str] = []
        with httpx.Client(base_url=service.url, timeout=10) as client:
            while True:
                try:
                    answer = client.get(location)
                except httpx.TransportError as error:
                    return [*outcomes, f"lost: {error!r}"]
                outcomes.append(str(answer.status_code))
                if answer.headers.get("connection") == "close":
                    return outcomes

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read_until_told_to_leave) for _ in range(8)]
        deadline = time.monotonic() + 10
        while metric(service, "http_server_request_duration_seconds_count", http_route="/v1/posts/{post_id}") < 50:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert service.terminate() == 0
        outcomes = [outcome for reader in readers for outcome in reader.result(15)]
    assert len(outcomes) >= 50
    assert set(outcomes) == {"200"}
