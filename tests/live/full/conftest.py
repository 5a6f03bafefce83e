"""A platform with Loki and Jaeger; without their programs the tests are skipped, and say how to get them."""

from collections.abc import Iterator

import pytest

from tests.live.conftest import LivePlatform
from workbench.platform import optional
from workbench.platform.instance import CHECKOUT, Instance


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    """The platform of this folder's tests, with the components that the checkout has built."""
    built = CHECKOUT / ".titanium" / "bin"
    for component in optional.SERVERS:
        if optional.find(component, built) is None:
            pytest.skip(f"there is no {component.name} on this machine: {component.way}")
    live = LivePlatform.create(tmp_path_factory.mktemp("full") / "state")
    if built.exists():
        live.instance.bin.symlink_to(built)
    try:
        came_up = live.titanium("up")
        if came_up.returncode != 0:
            said = f"{came_up.stdout}{came_up.stderr}\n{live.what_failed()}"
            pytest.fail(f"titanium up: exit {came_up.returncode}\n{said}")
        yield live
    finally:
        live.titanium("down")


@pytest.fixture
def instance(observed: LivePlatform) -> Instance:
    return observed.instance
