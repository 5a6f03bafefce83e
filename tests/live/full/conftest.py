"""A platform with Loki and Jaeger; without their programs the tests are skipped, and say how to get them."""

from collections.abc import Iterator

import pytest

from tests.live.conftest import LivePlatform, running
from workbench.platform import optional
from workbench.platform.instance import CHECKOUT, Instance


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    """The platform of this folder's tests, with the components that the checkout has built."""
    built = CHECKOUT / ".titanium" / "bin"
    for component in optional.SERVERS:
        if optional.find(component, built) is None:
            pytest.skip(f"there is no {component.name} on this machine: {component.way}")
    with running(tmp_path_factory.mktemp("full") / "state", built=built) as live:
        yield live


@pytest.fixture
def instance(observed: LivePlatform) -> Instance:
    return observed.instance
