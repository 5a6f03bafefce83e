"""Services as real processes on real sockets: what only shows there, and how they stop."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import RunningService, StartService, TokenSigner

TARGETS = {"services.auth": "services.auth.app:create_app", "services.user": "services.user.app:create_app"}


@pytest.fixture(params=sorted(TARGETS))
def service(
    request: pytest.FixtureRequest,
    start_service: "StartService",
    database_url: str,
    signer: "TokenSigner",
    migrated: Callable[[str, str], None],
) -> "RunningService":
    """Each service as a process of its own."""
    migrated(request.param, database_url)
    return start_service(TARGETS[request.param], _environment(database_url, signer))


def _environment(database_url: str, signer: "TokenSigner") -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "SIGNING_KEY_FILE": str(signer.private_key_file),
        "TOKEN_JWKS_FILE": str(signer.jwks_file),
        "SHUTDOWN_WAIT_S": "0.5",
    }


def test_errors_of_the_framework_are_problems_on_a_real_socket(service: "RunningService") -> None:
    path = next(iter(httpx.get(f"{service.url}/openapi.json").json()["paths"]))
    wrong_method = httpx.request("PUT", service.url + path)
    options = httpx.options(service.url + path)
    unknown = httpx.get(f"{service.url}/nowhere")

    assert [answer.status_code for answer in (wrong_method, options, unknown)] == [405, 405, 404]
    for answer in (wrong_method, options, unknown):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert wrong_method.headers["allow"]


def test_the_management_port_serves_probes_and_metrics_by_full_route(service: "RunningService") -> None:
    httpx.get(f"{service.url}/nowhere/{time.time()}")

    assert httpx.get(f"{service.management_url}/livez").status_code == 200
    plain = httpx.get(f"{service.management_url}/metrics")
    open_metrics = httpx.get(
        f"{service.management_url}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert 'http_route="(unmatched)"' in plain.text
    assert "nowhere" not in plain.text
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert httpx.get(f"{service.url}/metrics").status_code == 404, "not on the port that the mesh exposes"


async def test_sigterm_under_requests_loses_none_and_exits_0(service: "RunningService") -> None:
    """Clients behave as a load balancer: they stop sending when the process is not ready any more."""
    answered, lost = 0, []
    stop = asyncio.Event()

    async def keep_asking() -> None:
        nonlocal answered
        async with httpx.AsyncClient(base_url=service.url) as client:
            while not stop.is_set():
                try:
                    answer = await client.get("/openapi.json")
                except httpx.TransportError as error:
                    lost.append(repr(error))
                    return
                assert answer.status_code == 200
                answered += 1

    async def watch_readiness() -> None:
        async with httpx.AsyncClient() as client:
            while (await client.get(f"{service.management_url}/readyz")).status_code == 200:  # noqa: ASYNC110 - it ends when the process says so, over HTTP
                await asyncio.sleep(0.02)  # how often a load balancer looks
        stop.set()

    clients = [asyncio.create_task(keep_asking()) for _ in range(8)]
    watcher = asyncio.create_task(watch_readiness())
    while answered < 50:  # noqa: ASYNC110 - bounded by the test's time limit
        await asyncio.sleep(0.01)
    service.process.terminate()
    await asyncio.gather(watcher, *clients)

    assert lost == []
    assert await asyncio.to_thread(service.process.wait, 20) == 0


def _refuses(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) != 0


def test_a_request_under_way_is_finished_after_the_port_has_closed(
    start_service: "StartService", database_url: str, signer: "TokenSigner", migrated: Callable[[str, str], None]
) -> None:
    migrated("services.auth", database_url)
    service = start_service(TARGETS["services.auth"], _environment(database_url, signer))
    host, port = service.url.removeprefix("http://").split(":")
    body = b'{"refresh_token": "unknown"}'
    fields = ("host: x", "content-type: application/json", f"content-length: {len(body)}")
    head = "\r\n".join(("POST /v1/auth/refresh HTTP/1.1", *fields, "", ""))
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + body[:5])
        time.sleep(0.1)  # until the server has begun to read it
        service.process.terminate()
        ends = time.monotonic() + 10
        while not _refuses(host, int(port)):
            assert time.monotonic() < ends
            time.sleep(0.02)
        connection.sendall(body[5:])
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()
    assert service.process.wait(20) == 0


def test_a_port_in_use_is_one_clear_line_and_exit_code_2(
    start_service: "StartService", database_url: str, signer: "TokenSigner"
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = _environment(database_url, signer) | {"HTTP_PORT": str(taken.getsockname()[1])}
        with pytest.raises(AssertionError, match=r"error: cannot listen on 127.0.0.1:\d+ \(.*\); set HTTP_PORT\n"):
            start_service(TARGETS["services.user"], environment)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"DATABASE_URL": "mysql://u:hunter2@h/d"}, "error: DATABASE_URL: is not usable"),
        ({"DATABASE_URL": ""}, "error: DATABASE_URL is not set"),
        ({"REDIS_URL": "redis://"}, "error: REDIS_URL: is not usable"),
        ({"HTTP_PORT": "99999"}, "error: HTTP_PORT: "),
        ({"ENVIRONMENT": "production"}, "error: SERVICE_VERSION must name the build"),
        ({"SIGNING_KEY_FILE": "/nowhere"}, "error: SIGNING_KEY_FILE: "),
    ],
)
def test_an_unusable_environment_is_one_clear_line_without_secrets(
    change: dict[str, str], said: str, signer: "TokenSigner"
) -> None:
    environment = _environment("postgresql://u:p@127.0.0.1:1/d", signer) | change

    finished = subprocess.run(
        [sys.executable, "-m", "services.common.server", TARGETS["services.auth"]],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 2
    (line,) = finished.stderr.splitlines()
    assert line.startswith(said)
    assert "hunter2" not in line
