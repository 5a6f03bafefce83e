"""What the programs are told: environment, order, configuration files."""

import json
import subprocess
from pathlib import Path

import pytest

from workbench.adapters.processes import MARK
from workbench.adapters.supervisor import render_configuration
from workbench.errors import UsageError
from workbench.platform import datastores, monitoring, postgres, secrets, workloads
from workbench.platform.blueprint import stop_order
from workbench.platform.datastores import DataStores
from workbench.platform.instance import Instance
from workbench.platform.ports import Ports
from workbench.platform.programs import Program


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path, tmp_path / "state", 21000)


def stores(instance: Instance, redis_url: str = "redis://127.0.0.1:21004/0") -> DataStores:
    return DataStores(postgres.embedded_server(instance.ports.postgres, "p@ss"), redis_url, ())


def test_a_service_reaches_everything_through_its_sidecar(instance: Instance) -> None:
    ports = instance.ports.workload("blog")
    environment = workloads.service_environment(instance, stores(instance), "blog")
    assert environment["OUTBOUND_PROXY"] == f"http://127.0.0.1:{ports.outbound}"
    assert environment["REDIS_URL"] == f"redis://127.0.0.1:{ports.valkey}/0"
    assert f"@127.0.0.1:{ports.postgres}/blog" in environment["DATABASE_URL"]
    assert "SIGNING_KEY_FILE" not in environment
    assert "TOKEN_JWKS_FILE" in environment


def test_only_auth_gets_the_signing_key_and_the_gateway_no_database(instance: Instance) -> None:
    assert "SIGNING_KEY_FILE" in workloads.service_environment(instance, stores(instance), "auth")
    gateway = workloads.service_environment(instance, stores(instance), "api-gateway")
    assert gateway.keys().isdisjoint({"DATABASE_URL", "SIGNING_KEY_FILE", "TOKEN_JWKS_FILE"})


def test_strangers_in_the_users_environment_stay_outside(instance: Instance) -> None:
    users = {"HTTP_PROXY": "http://p", "DATABASE_URL": "x", "PATH": "/bin", "OTEL_TRACES_EXPORTER": "otlp"}
    environment = workloads.base_environment(instance, users)
    assert environment.keys().isdisjoint({"HTTP_PROXY", "DATABASE_URL"})
    assert environment["OTEL_TRACES_EXPORTER"] == "otlp"
    assert environment[MARK] == str(instance.state)


def test_a_given_redis_keeps_its_login_and_database_behind_the_sidecar(instance: Instance) -> None:
    given = stores(instance, "redis://me:s3cret@cache.example:7000/4")
    assert given.redis_url_through(21047) == "redis://me:s3cret@127.0.0.1:21047/4"


def test_the_entrance_stops_first_and_the_data_last() -> None:
    names = ["postgres", "blog", "ingress", "blog-sidecar", "prometheus", "auth", "valkey", "certificates"]
    groups = stop_order(names)
    assert groups[0] == ["ingress"]
    assert set(groups[1]) == {"auth", "blog"}
    assert set(groups[2]) == {"blog-sidecar", "prometheus", "certificates"}
    assert set(groups[3]) == {"postgres", "valkey"}


def test_what_stops_is_what_runs_and_nothing_else() -> None:
    assert [name for group in stop_order(["user"]) for name in group] == ["user"]


def test_supervisord_reads_odd_values_as_they_were_meant(tmp_path: Path) -> None:
    # supervisord's own parser is the judge; the package is not annotated.
    from supervisor.options import ServerOptions  # type: ignore[import-untyped]  # noqa: PLC0415

    program = Program(
        "odd", ("/bin/echo", "100%", "two words", "", 'quo"te'), {"URL": "postgresql://a:p%40ss@h/d"}, directory="/usr"
    )
    text = render_configuration(
        [program],
        socket_path=tmp_path / "s",
        pid_file=tmp_path / "p",
        logs=tmp_path,
        restarts_file=tmp_path / "r",
    )
    file = tmp_path / "supervisord.conf"
    file.write_text(text)
    options = ServerOptions()
    options.realize(["-c", str(file)])
    group = next(one for one in options.process_group_configs if one.name == "odd")
    process = group.process_configs[0]
    assert process.environment["URL"] == "postgresql://a:p%40ss@h/d"
    assert process.directory == "/usr"
    printed = subprocess.run(["/bin/sh", "-c", process.command], capture_output=True, text=True, check=True).stdout
    assert printed == '100% two words  quo"te\n'


def test_prometheus_scrapes_every_proxy_and_service_every_two_seconds() -> None:
    document = monitoring.prometheus_configuration(Ports(21000))
    targets = {
        job["job_name"]: [target for static in job["static_configs"] for target in static["targets"]]
        for job in document["scrape_configs"]
    }
    assert {name: len(found) for name, found in targets.items()} == {
        "envoy-stats": 5,
        "services": 4,
        "postgres": 1,
        "valkey": 1,
        "node": 1,
        "prometheus": 1,
        "alertmanager": 1,
    }
    assert document["global"]["scrape_interval"] == "2s"


def test_passwords_are_made_once_and_private(tmp_path: Path) -> None:
    first = secrets.password(tmp_path / "secrets", "blog")
    assert secrets.password(tmp_path / "secrets", "blog") == first
    assert secrets.password(tmp_path / "secrets", "user") != first
    assert (tmp_path / "secrets" / "blog.password").stat().st_mode & 0o777 == 0o600


def test_the_public_keys_hold_no_private_part(tmp_path: Path) -> None:
    key_file, jwks_file = secrets.signing_key(tmp_path / "secrets")
    again, _ = secrets.signing_key(tmp_path / "secrets")
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert again.read_text() == key_file.read_text()
    (key,) = json.loads(jwks_file.read_text())["keys"]
    assert key["alg"] == "ES256"
    assert "d" not in key


@pytest.mark.parametrize("url", ["mysql://h/d", "postgresql:///d", "postgresql://h:99999/d", "nonsense"])
def test_a_database_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="DATABASE_URL"):
        postgres.given_server(url)


@pytest.mark.parametrize("url", ["rediss://h/0", "redis:///0", "redis://h:99999/0", "nonsense"])
def test_a_redis_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="REDIS_URL"):
        datastores.check_redis(url)


def test_root_starts_postgresql_as_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert postgres.unprivileged(["postgres"])[0] == "setpriv"
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert postgres.unprivileged(["postgres"]) == ("postgres",)


def test_a_note_of_postgresqls_process_may_be_missing_or_broken(tmp_path: Path) -> None:
    assert postgres.postmaster(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text("")
    assert postgres.postmaster(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text("77\n/data\n")
    assert postgres.postmaster(tmp_path) == 77
