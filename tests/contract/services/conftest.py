"""The four applications as their factories make them; nothing is opened, since no lifespan runs."""

import importlib
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

SERVICES = ("api_gateway", "auth", "blog", "user")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each service's name in turn."""
    name: str = request.param
    return name


@pytest.fixture
def app(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The application of the service."""
    key = tmp_path / "signing.pem"
    key.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@127.0.0.1:1/database")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("SIGNING_KEY_FILE", str(key))
    application: FastAPI = importlib.import_module(f"services.{service}.app").create_app()
    return application
