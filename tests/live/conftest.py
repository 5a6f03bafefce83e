"""The live tier's platform: one for the whole run, brought up by the real `titanium up` on ports and state of its own.

A test that uses it and fails shows what is not running, what was restarted, and the end of the logs. A test that breaks
something leaves the platform whole again (`repaired`). Downloaded programs are shared with the checkout's own state.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench.adapters import processes as machine
from workbench.platform.instance import CHECKOUT, PORT_BASE_VARIABLE, STATE_VARIABLE, Instance
from workbench.platform.lifecycle import Platform
from workbench.platform.ports import PORTS_PER_INSTANCE
from workbench.platform.readiness import tail

_UP_DEADLINE_S = 240
_FIRST_BASE, _LAST_BASE = 25_000, 31_900
_QUOTED_LINES = 12
_QUOTED_CHARACTERS = 240


def unused_port_base() -> int:
    """Return a port base whose hundred ports are free; where the search begins differs between processes."""
    bases: list[int] = list(range(_FIRST_BASE, _LAST_BASE, PORTS_PER_INSTANCE))
    start = os.getpid() % len(bases)
    for base in (*bases[start:], *bases[:start]):
        if all(machine.port_is_free(port) for port in range(base, base + PORTS_PER_INSTANCE)):
            return base
    pytest.fail("no hundred free ports on this machine")


def share_downloads(state: Path) -> None:
    """Let an instance use the programs that the checkout's own state keeps, so that tests download nothing twice."""
    kept = CHECKOUT / ".titanium" / "components"
    kept.mkdir(parents=True, exist_ok=True)
    state.mkdir(parents=True, exist_ok=True)
    (state / "components").symlink_to(kept)


@dataclass(frozen=True)
class LivePlatform:
    """An instance, and the real command for it."""

    instance: Instance
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, state: Path) -> "LivePlatform":
        instance = Instance(CHECKOUT, state, unused_port_base())
        share_downloads(state)
        # Data stores of the developer's own environment are not for tests.
        clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        mine = {STATE_VARIABLE: str(state), PORT_BASE_VARIABLE: str(instance.port_base), "COLUMNS": "200"}
        return cls(instance, {**clean, **mine})

    def titanium(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the command as a user would, with further environment variables."""
        return subprocess.run(
            [sys.executable, "-m", "workbench", *words],
            env={**self.environment, **variables},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_UP_DEADLINE_S,
        )

    def status(self) -> dict[str, dict[str, Any]]:
        """Return the rows of `titanium status --json`, by process."""
        document = json.loads(self.titanium("status", "--json").stdout)
        return {row["name"]: row for row in document["processes"]}

    def log(self, name: str, lines: int = 40) -> str:
        return "\n".join(tail(self.instance.logs / f"{name}.log", lines))

    def what_failed(self) -> str:
        """Describe the state for the reader of a failed test."""
        rows = Platform(self.instance).status().processes
        sick = [row for row in rows if row.state != "RUNNING" or row.restarts]
        shown = [f"{row.name}: {row.state}, {row.restarts} restarts" for row in sick] or ["every process runs"]
        logs = {
            file.stem: [line[:_QUOTED_CHARACTERS] for line in tail(file, _QUOTED_LINES)]
            for file in sorted(self.instance.logs.glob("*.log"))
        }
        shown += [f"--- {name}.log\n" + "\n".join(lines) for name, lines in logs.items() if lines]
        return "\n".join(shown if rows else ["the platform is down", *shown[1:]])


@contextmanager
def running(state: Path, *, built: Path | None = None) -> Iterator[LivePlatform]:
    """A platform that is up for as long as the block runs; `built` is a folder of optional components."""
    live = LivePlatform.create(state)
    if built is not None and built.exists():
        live.instance.bin.symlink_to(built)
    try:
        came_up = live.titanium("up")
        if came_up.returncode != 0:
            said = f"{came_up.stdout}{came_up.stderr}\n{live.what_failed()}"
            pytest.fail(f"titanium up: exit {came_up.returncode}\n{said}")
        yield live
    finally:
        live.titanium("down")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    """The platform of this run."""
    with running(tmp_path_factory.mktemp("live") / "state") as live:
        yield live


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[LivePlatform]:
    """Another instance, which is down; whatever the test does, nothing of it may run afterwards."""
    live = LivePlatform.create(tmp_path / "state")
    yield live
    left = machine.of_instance(live.instance.state)
    machine.end(left)
    assert left == []


@pytest.fixture
def repaired(platform: LivePlatform) -> Iterator[LivePlatform]:
    """Provide the platform to a test that breaks it; afterwards it is whole again."""
    yield platform
    again = platform.titanium("up")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:  # noqa: ANN401 - pytest's own generator protocol
    """Add the platform's state and logs to the report of a failed test that used it."""
    report = yield
    live = getattr(item, "funcargs", {}).get("platform")
    if report.failed and report.when == "call" and isinstance(live, LivePlatform):
        report.sections.append(("the platform", live.what_failed()))
    return report
