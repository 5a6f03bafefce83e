"""The scenarios against the four real services: every check that the generator makes is one that they meet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chaos.load.fleet import run_load
from chaos.load.plan import LoadPlan
from chaos.load.scenarios import SCENARIOS
from chaos.load.target import parse_target
from tests.integration.conftest import unused_port
from workbench.demo_data import load_demo_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.conftest import Postgres, StartService


def test_every_scenario_is_answered_as_it_should_be(
    postgres: Postgres,
    redis_url: str,
    migrated: Callable[[str, str], None],
    start_service: StartService,
    tmp_path: Path,
) -> None:
    key = tmp_path / "signing.pem"
    private = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    # auth and user call each other: one of the two ports has to be known first.
    auth_port = unused_port()
    urls = {"AUTH_URL": f"http://127.0.0.1:{auth_port}", "REDIS_URL": redis_url}
    for service in ("user", "blog"):
        database = postgres.create_database()
        migrated(f"services.{service}", database)
        running = start_service(f"services.{service}.app:create_app", {**urls, "DATABASE_URL": database})
        urls[f"{service.upper()}_URL"] = running.url
    database = postgres.create_database()
    migrated("services.auth", database)
    own = {"DATABASE_URL": database, "SIGNING_KEY_FILE": str(key), "HTTP_PORT": str(auth_port)}
    start_service("services.auth.app:create_app", {**urls, **own})
    gateway = start_service("services.api_gateway.app:create_app", urls)
    asyncio.run(load_demo_data(gateway.url, posts=80))

    # Enough requests that the rarest scenarios (10 of 1000) all come up; the schedule is seeded.
    plan = LoadPlan(target=parse_target(gateway.url), rate_rps=60.0, duration_s=12.0, warmup_s=1.0, seed=4)
    result = run_load(plan, tmp_path / "evidence", run_id="test")

    assert result.failures == {}
    assert (result.offered, result.completed) == (720, 720)
    assert set(result.by_scenario) == {scenario.name for scenario in SCENARIOS}
