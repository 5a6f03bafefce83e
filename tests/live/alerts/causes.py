"""Causes of alerts, really made on the running platform: each is undone when its block ends."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # the package is not annotated
import httpx
import redis
import yaml

from tests.live.alerts.conftest import reload
from workbench.adapters.certificates import load_or_create
from workbench.adapters.supervisor import Supervisor
from workbench.mesh.local.mesh import authority_folder
from workbench.mesh.local.rotator import ends
from workbench.mesh.local.store import ProxyStore
from workbench.platform import rules
from workbench.platform.datastores import choose
from workbench.published import textfiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.conftest import LivePlatform

    Cause = Callable[[LivePlatform], AbstractContextManager[None]]

MIB = 2**20


def sql(live: LivePlatform, *statements: str, database: str = "postgres") -> None:
    """Run statements as the administrator."""

    async def run() -> None:
        connection = await connected(live, database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


async def connected(live: LivePlatform, database: str = "postgres") -> asyncpg.Connection:
    url = choose(live.instance, {}).database.url
    return await asyncpg.connect(url.rpartition("/")[0] + f"/{database}")


def stopped(*programs: str) -> Cause:
    """Programs that do not run, and are not started again."""

    @contextlib.contextmanager
    def cause(live: LivePlatform) -> Iterator[None]:
        supervisor = Supervisor(live.instance.supervisor_socket)
        supervisor.stop_all(list(programs))
        try:
            yield
        finally:
            for program in programs:
                supervisor.start(program)

    return cause


@contextlib.contextmanager
def old_backup(live: LivePlatform) -> Iterator[None]:
    file = live.instance.published / "backup.prom"
    file.write_text(f"titanium_backup_last_success_timestamp_seconds {time.time() - 3 * 86400:.0f}\n")
    try:
        yield
    finally:
        file.write_text(f"titanium_backup_last_success_timestamp_seconds {time.time():.0f}\n")


@contextlib.contextmanager
def short_certificates(live: LivePlatform) -> Iterator[None]:
    """Certificates that end in half an hour, and nobody who renews them."""
    folder = live.instance.mesh.absolute()
    supervisor = Supervisor(live.instance.supervisor_socket)
    supervisor.stop("certificates")
    authority = load_or_create(authority_folder(folder))
    for bootstrap in (folder / "proxies").glob("*/bootstrap.json"):
        store = ProxyStore(bootstrap.parent)
        store.rotate(authority, store.principal, datetime.timedelta(minutes=30))
    textfiles.certificates(live.instance.published, ends(folder))
    try:
        yield
    finally:
        for bootstrap in (folder / "proxies").glob("*/bootstrap.json"):
            store = ProxyStore(bootstrap.parent)
            store.rotate(authority, store.principal)
        supervisor.start("certificates")


@contextlib.contextmanager
def full_valkey(live: LivePlatform) -> Iterator[None]:
    with redis.Redis(host="127.0.0.1", port=live.instance.ports.valkey) as client:
        for number in range(126):
            client.set(f"ballast-{number}", b"x" * MIB)
        try:
            yield
        finally:
            client.flushall()


@contextlib.contextmanager
def many_connections(live: LivePlatform) -> Iterator[None]:
    async def hold(opened: threading.Event, end: threading.Event) -> None:
        connections = [await connected(live) for _ in range(60)]
        opened.set()
        await asyncio.to_thread(end.wait)
        for connection in connections:
            await connection.close()

    with in_a_thread(hold):
        yield


@contextlib.contextmanager
def locked_posts(live: LivePlatform) -> Iterator[None]:
    """Everybody who wants posts waits for one transaction, again and again."""

    async def hold(opened: threading.Event, end: threading.Event) -> None:
        connection = await connected(live, "blog")
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = ", ".join(f'"{row["tablename"]}"' for row in tables)
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            opened.set()
            await asyncio.to_thread(end.wait)
        await connection.close()

    with in_a_thread(hold):
        yield


@contextlib.contextmanager
def deadlocks(live: LivePlatform) -> Iterator[None]:
    sql(live, "CREATE TABLE IF NOT EXISTS circle (id int PRIMARY KEY, n int)", database="blog")
    sql(live, "INSERT INTO circle VALUES (1, 0), (2, 0) ON CONFLICT DO NOTHING", database="blog")

    async def waits(first: int, second: int) -> None:
        connection = await connected(live, "blog")
        with contextlib.suppress(asyncpg.DeadlockDetectedError):
            async with connection.transaction():
                await connection.execute("UPDATE circle SET n = n + 1 WHERE id = $1", first)
                await asyncio.sleep(0.1)
                await connection.execute("UPDATE circle SET n = n + 1 WHERE id = $1", second)
        await connection.close()

    async def circles(opened: threading.Event, end: threading.Event) -> None:
        opened.set()
        while not end.is_set():
            await asyncio.gather(waits(1, 2), waits(2, 1))

    with in_a_thread(circles):
        yield
    sql(live, "DROP TABLE circle", database="blog")


@contextlib.contextmanager
def forgotten_slot(live: LivePlatform) -> Iterator[None]:
    """A slot whose replica is gone, and more than a gibibyte of log that it still needs."""
    sql(live, "SELECT pg_create_physical_replication_slot('gone', true)")
    write = f"SELECT pg_logical_emit_message(false, 'x', repeat('x', {16 * MIB}))"
    sql(live, *[write] * 70)
    try:
        yield
    finally:
        sql(live, "SELECT pg_drop_replication_slot('gone')", "CHECKPOINT")


@contextlib.contextmanager
def aborted_requests(live: LivePlatform) -> Iterator[None]:
    assert live.titanium("fault", "apply", "blog", "--abort", "503", "--percent", "60").returncode == 0
    try:
        yield
    finally:
        live.titanium("fault", "clear")


@contextlib.contextmanager
def frozen_now_and_then(live: LivePlatform) -> Iterator[None]:
    """A service whose loop stands still for 400 ms, again and again."""
    pid = live.status()["auth"]["pid"]

    async def freeze(opened: threading.Event, end: threading.Event) -> None:
        opened.set()
        while not end.is_set():
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(0.4)
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.4)

    with in_a_thread(freeze):
        yield


@contextlib.contextmanager
def restarts(live: LivePlatform) -> Iterator[None]:
    """A service that ends again and again; the supervisor starts it each time."""

    async def end_it(opened: threading.Event, end: threading.Event) -> None:
        opened.set()
        while not end.is_set():
            with contextlib.suppress(ProcessLookupError, KeyError):
                os.kill(live.status()["user"]["pid"], signal.SIGKILL)
            await asyncio.sleep(5)

    with in_a_thread(end_it):
        yield


@contextlib.contextmanager
def wrong_rule(live: LivePlatform) -> Iterator[None]:
    """A rule that gives two series the same labels, so that it cannot be evaluated."""
    rule = {"record": "x:y:z", "expr": 'label_replace(up, "instance", "", "", "") * 0', "labels": {"job": "same"}}
    file = rules.folder(live.instance) / "alerts" / "broken.yaml"
    with reloaded(live.instance.prometheus_url), changed(file, {"groups": [{"name": "b", "rules": [rule]}]}):
        assert reload(live.instance.prometheus_url)
        yield


@contextlib.contextmanager
def hurried_rules(live: LivePlatform) -> Iterator[None]:
    """A group of rules that is to be evaluated a thousand times a second, and cannot be."""
    rule = {"record": "x:y:count", "expr": 'count({__name__=~".+"})'}
    group = {"name": "hurried", "interval": "1ms", "rules": [rule]}
    file = rules.folder(live.instance) / "alerts" / "hurried.yaml"
    with reloaded(live.instance.prometheus_url), changed(file, {"groups": [group]}):
        assert reload(live.instance.prometheus_url)
        yield


@contextlib.contextmanager
def busy_processors(live: LivePlatform) -> Iterator[None]:
    """As many processes that do nothing but compute as there are processors, and as many again."""
    del live
    command = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(command) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@contextlib.contextmanager
def login_flood(live: LivePlatform) -> Iterator[None]:
    """More logins at a time than can be hashed, sent where no rate limit stands before them."""
    url = f"http://127.0.0.1:{live.instance.ports.workload('auth').app}/v1/auth/login"

    async def keep_asking(client: httpx.AsyncClient, number: int, end: threading.Event) -> None:
        person = {"email": f"nobody{number}@example.org", "password": "not-the-password"}
        while not end.is_set():
            with contextlib.suppress(httpx.HTTPError):
                await client.post(url, json=person)

    async def flood(opened: threading.Event, end: threading.Event) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(trust_env=False, timeout=10, limits=limits) as client:
            opened.set()
            await asyncio.gather(*(keep_asking(client, number, end) for number in range(200)))

    with in_a_thread(flood):
        yield


def prometheus_with(change: Callable[[dict[str, object]], object]) -> Cause:
    """Prometheus with another configuration."""

    @contextlib.contextmanager
    def cause(live: LivePlatform) -> Iterator[None]:
        file = live.instance.state / "prometheus" / "prometheus.yml"
        document = yaml.safe_load(file.read_text())
        change(document)
        with reloaded(live.instance.prometheus_url), changed(file, document):
            reload(live.instance.prometheus_url)
            yield

    return cause


@contextlib.contextmanager
def alertmanager_with_nonsense(live: LivePlatform) -> Iterator[None]:
    url = live.instance.alertmanager_url
    with reloaded(url), changed(live.instance.state / "alertmanager" / "alertmanager.yml", {"nonsense": True}):
        assert not reload(url)
        yield


@contextlib.contextmanager
def reloaded(url: str) -> Iterator[None]:
    """A server that takes its files over when the block has put them back."""
    try:
        yield
    finally:
        assert reload(url)


@contextlib.contextmanager
def changed(file: Path, document: object) -> Iterator[None]:
    """A file with another content, for a while; it is gone afterwards where it was not there before."""
    before = file.read_text() if file.exists() else None
    file.write_text(yaml.safe_dump(document))
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)


@contextlib.contextmanager
def in_a_thread(what: Callable[[threading.Event, threading.Event], object]) -> Iterator[None]:
    """Something that goes on beside the test: it says when it has begun, and is told when to end."""
    begun, end = threading.Event(), threading.Event()
    worker = threading.Thread(target=lambda: asyncio.run(what(begun, end)), daemon=True)  # type: ignore[arg-type]  # a coroutine
    worker.start()
    try:
        assert begun.wait(20), "the cause could not be made"
        yield
    finally:
        end.set()
        worker.join(20)
