"""The four services of an instance: their processes, their environment, and their migrations.

A service reaches everything through its sidecar: other services by its outbound port as an HTTP proxy, PostgreSQL and
Valkey by the two TCP ports. Only migrations, which run before there are sidecars, go straight to the database.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from workbench import __version__
from workbench.adapters.processes import marked_environment
from workbench.errors import CannotDecideError
from workbench.platform import secrets
from workbench.platform.datastores import DataStores
from workbench.platform.instance import PORT_BASE_VARIABLE, STATE_VARIABLE, Instance
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.postgres import SERVICES_WITH_DATABASE
from workbench.platform.programs import Program

_MIGRATION_TIMEOUT_S: Final = 120
# The rest of the user's environment stays outside: a stray HTTP_PROXY or DATABASE_URL must not change the platform.
_PASSED_ON: Final = ("PATH", "HOME", "TZ", "TMPDIR", "LOKI_URL", "LOG_LEVEL")
_PASSED_ON_PREFIX: Final = "OTEL_"


def base_environment(instance: Instance, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what every process of the platform gets."""
    passed = {
        name: value for name, value in environment.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIX)
    }
    return {**passed, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **marked_environment(instance.state)}


def service_programs(instance: Instance, stores: DataStores, telemetry: Mapping[str, str]) -> list[Program]:
    """Return the processes of the services; `telemetry` has the variables that say where logs and traces go."""
    return [_service(instance, stores, name, telemetry) for name in WORKLOADS]


def service_environment(instance: Instance, stores: DataStores, name: str) -> dict[str, str]:
    """Return the variables that are the service's own (`services.common.settings` has their meaning)."""
    ports = instance.ports.workload(name)
    key_file, jwks_file = secrets.signing_key(instance.secrets)
    variables = {
        "ENVIRONMENT": "development",
        "SERVICE_VERSION": __version__,
        "OTEL_SERVICE_NAME": name,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(ports.app),
        "MANAGEMENT_HOST": "127.0.0.1",
        "MANAGEMENT_PORT": str(ports.management),
        "OUTBOUND_PROXY": f"http://127.0.0.1:{ports.outbound}",
        "REDIS_URL": stores.redis_url_through(ports.valkey),
        "TOKEN_ISSUER": "https://blog.titanium.example",
    }
    if name in SERVICES_WITH_DATABASE:
        variables["DATABASE_URL"] = stores.database.url_for(
            name, secrets.password(instance.secrets, name), host="127.0.0.1", port=ports.postgres
        )
    if name == "auth":
        variables["SIGNING_KEY_FILE"] = str(key_file)
    if name in {"user", "blog"}:
        # The mesh lets only the gateway call auth: the others have its public keys as a file.
        variables["TOKEN_JWKS_FILE"] = str(jwks_file)
    return variables


def _service(instance: Instance, stores: DataStores, name: str, telemetry: Mapping[str, str]) -> Program:
    ports = instance.ports.workload(name)
    return Program(
        name,
        (sys.executable, "-m", "services.common.server", f"{_package(name)}.app:create_app"),
        environment={**service_environment(instance, stores, name), **telemetry},
        port=ports.app,
        ready_url=f"http://127.0.0.1:{ports.management}/readyz",
        # Not ready (1 s), drain (20 s), flush telemetry (2 s), as in the Deployment.
        stop_wait_s=30,
    )


def pages_program(instance: Instance) -> Program:
    """Return the process of the workbench's own pages, which keep what Alertmanager sends."""
    environment = {STATE_VARIABLE: str(instance.state), PORT_BASE_VARIABLE: str(instance.port_base)}
    argv = (sys.executable, "-m", "workbench.pages.app")
    ready = f"{instance.pages_url}/healthz"
    return Program("pages", argv, environment, port=instance.ports.pages, ready_url=ready)


def migrate(instance: Instance, stores: DataStores) -> None:
    """Bring every service's database to its newest schema, all at the same time.

    Raises:
        CannotDecideError: a migration failed; the message is its own.
    """
    environments = [_migration_environment(instance, stores, name) for name in SERVICES_WITH_DATABASE]
    with ThreadPoolExecutor(len(SERVICES_WITH_DATABASE)) as pool:
        # Taking the results raises what a migration raised.
        list(pool.map(partial(_migrate, instance.checkout), SERVICES_WITH_DATABASE, environments))


def _migration_environment(instance: Instance, stores: DataStores, name: str) -> dict[str, str]:
    url = stores.database.url_for(name, secrets.password(instance.secrets, name))
    return {**base_environment(instance), **service_environment(instance, stores, name), "DATABASE_URL": url}


def _migrate(checkout: Path, name: str, environment: Mapping[str, str]) -> None:
    try:
        finished = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "services.common.migrate", _package(name)],
            env=dict(environment),
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MIGRATION_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotDecideError(f"the migrations of {name} took longer than {_MIGRATION_TIMEOUT_S} s") from error
    if finished.returncode != 0:
        said = (finished.stderr or finished.stdout).strip() or f"exit code {finished.returncode}"
        raise CannotDecideError(f"the migrations of {name} failed: {said.removeprefix('error: ')}")


def _package(name: str) -> str:
    return f"services.{name.replace('-', '_')}"
