"""The platform's life: up, up again, crashes, repair, a killed supervisor, down."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final

import httpx
import psutil

from workbench.adapters import processes as machine
from workbench.adapters.supervisor import Supervisor
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.lifecycle import Platform
from workbench.platform.lock import exclusive
from workbench.platform.readiness import series

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.conftest import LivePlatform

# Five proxies, four services, Prometheus and Alertmanager, and the exporters of PostgreSQL, Valkey and the machine.
TARGETS: Final = 5 + 4 + 2 + 3


def eventually(condition: Callable[[], bool], what: str, deadline_s: float = 30) -> None:
    ends = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends, f"{what}: not within {deadline_s} s"
        time.sleep(0.1)


def test_up_returns_when_every_target_is_scraped(platform: LivePlatform) -> None:
    up = series(platform.instance.prometheus_url, "up")
    assert up == [1.0] * TARGETS


def test_up_returns_when_the_mesh_has_counted_a_request_at_the_ingress(platform: LivePlatform) -> None:
    query = 'sum(istio_requests_total{source_workload="istio-ingressgateway",destination_workload="api-gateway"})'
    assert series(platform.instance.prometheus_url, query)[0] > 0


def test_the_blog_answers_at_the_ingress_with_demo_data(platform: LivePlatform) -> None:
    answer = httpx.get(
        f"{platform.instance.ingress_url}/v1/posts?limit=5", headers={"host": PUBLIC_HOST}, trust_env=False
    )
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 5


def test_everything_listens_on_loopback_only(platform: LivePlatform) -> None:
    pids = {process.pid for process in machine.of_instance(platform.instance.state)}
    open_to_the_world = {
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.pid in pids
        and connection.status == psutil.CONN_LISTEN
        and connection.laddr
        and connection.laddr.ip != "127.0.0.1"
    }
    assert open_to_the_world == set()


def test_no_state_file_with_a_secret_can_be_read_by_others(platform: LivePlatform) -> None:
    secrets = [*platform.instance.secrets.iterdir(), platform.instance.run / "supervisord.conf"]
    readable = [file.name for file in secrets if file.stat().st_mode & 0o077 and file.name != "jwks.json"]
    assert readable == []


def test_a_second_up_does_nothing_and_says_so(platform: LivePlatform) -> None:
    before = {name: row["pid"] for name, row in platform.status().items()}
    again = platform.titanium("up")
    assert again.returncode == 0, again.stderr
    assert "up already" in again.stdout
    assert {name: row["pid"] for name, row in platform.status().items()} == before


def test_two_ups_at_the_same_time_are_refused(platform: LivePlatform) -> None:
    with exclusive(platform.instance.run / "lock"):
        refused = platform.titanium("up")
    assert refused.returncode == 2
    assert f"process {os.getpid()}" in refused.stderr


def test_a_crashed_process_is_restarted_counted_and_shown(repaired: LivePlatform) -> None:
    before = repaired.status()["valkey"]
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        row = repaired.status()["valkey"]
        restarted = row["pid"] != before["pid"] and row["restarts"] == before["restarts"] + 1
        return bool(restarted and row["state"] == "RUNNING")

    eventually(is_back, "valkey is restarted")
    shown = repaired.titanium("status")
    assert shown.returncode == 0
    assert any("valkey" in line and f" {before['restarts'] + 1} " in line for line in shown.stdout.splitlines())


def test_a_partly_dead_platform_is_reported_and_repaired(repaired: LivePlatform) -> None:
    supervisor = Supervisor(repaired.instance.supervisor_socket)
    supervisor.stop_all(["user", "user-sidecar"])
    assert repaired.titanium("status").returncode == 1
    kept = supervisor.processes()["blog"].pid
    assert Platform(repaired.instance).up() is True
    states = supervisor.processes()
    assert all(state.is_running for state in states.values())
    assert states["blog"].pid == kept


def test_logs_show_one_process_or_all(platform: LivePlatform) -> None:
    one = platform.titanium("logs", "postgres", "-n", "3")
    assert one.returncode == 0
    assert "database system is ready" in platform.log("postgres", 200)
    assert 1 <= len(one.stdout.splitlines()) <= 3
    every = platform.titanium("logs", "-n", "1")
    assert {"postgres", "api-gateway", "supervisord"} <= {line.split()[0] for line in every.stdout.splitlines()}
    unknown = platform.titanium("logs", "nobody")
    assert unknown.returncode == 2
    assert "postgres" in unknown.stderr


def test_a_c_locale_gets_plain_text_and_no_exception(platform: LivePlatform) -> None:
    shown = platform.titanium("status", LC_ALL="C", LANG="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.isascii()
    assert "api-gateway" in shown.stdout


def test_down_after_a_killed_supervisor_leaves_no_process_port_socket_or_lock(repaired: LivePlatform) -> None:
    instance = repaired.instance
    os.kill(Supervisor(instance.supervisor_socket).pid(), signal.SIGKILL)
    assert machine.of_instance(instance.state)
    ended = repaired.titanium("down")
    assert ended.returncode == 0, ended.stderr
    assert machine.of_instance(instance.state) == []
    taken = [port for port in range(instance.port_base, instance.port_base + 100) if not machine.port_is_free(port)]
    assert taken == []
    assert list(instance.run.iterdir()) == []
    assert not instance.supervisor_socket.exists()
    nothing = repaired.titanium("down")
    assert nothing.returncode == 0
    assert "Nothing was running" in nothing.stdout
