"""One mesh of real Envoys for all live tests of the mesh; each test leaves it with the base configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.live.conftest import running as platform_of
from tests.live.mesh.app import serve
from tests.live.mesh.dashboards.traffic import Observed, observe
from tests.live.mesh.lab import PORTS, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A platform that nothing but ordinary traffic has met: a counter of something else would never go away."""
    with platform_of(tmp_path_factory.mktemp("ordinary") / "state") as live:
        yield observe(live.instance)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("mesh"))
    servers = [serve(PORTS.workload("blog").app), serve(PORTS.workload("api-gateway").app), serve(PORTS.postgres)]
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    yield running
    running.configure()
