"""Readiness and the management port, without a network."""

import asyncio
import json

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.common.health import READINESS_DEADLINE_S, Health
from services.common.management import create_management_app


async def fine() -> None:
    await asyncio.sleep(0)


async def broken() -> None:
    raise ConnectionError("postgresql://u:hunter2@h/d")


async def stuck() -> None:
    await asyncio.sleep(60)


async def get(health: Health, path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(app=create_management_app(health, CollectorRegistry()))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        return await client.request(method, path)


async def test_ready_when_every_dependency_answers() -> None:
    answer = await get(Health({"database": fine}), "/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_not_ready_names_what_is_in_the_way_within_the_deadline_and_without_secrets() -> None:
    started = asyncio.get_running_loop().time()
    answer = await get(Health({"a": broken, "b": stuck, "c": stuck, "d": fine}), "/readyz")

    assert asyncio.get_running_loop().time() - started < READINESS_DEADLINE_S + 0.5
    assert answer.status_code == 503
    assert set(answer.json()["failures"]) == {"a", "b", "c"}
    assert "hunter2" not in answer.text


async def test_a_stopping_process_is_not_ready_but_alive() -> None:
    health = Health({"database": fine})
    health.stop()

    assert (await get(health, "/readyz")).status_code == 503
    assert (await get(health, "/livez")).status_code == 200


async def test_liveness_touches_nothing() -> None:
    assert (await get(Health({"database": stuck}), "/livez")).status_code == 200


@pytest.mark.parametrize(("path", "method", "status"), [("/", "GET", 404), ("/livez", "POST", 405)])
async def test_everything_else_is_refused(path: str, method: str, status: int) -> None:
    answer = await get(Health(), path, method)

    assert answer.status_code == status
    assert json.loads(answer.text)["status"]
