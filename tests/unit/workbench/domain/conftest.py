"""Observations of a healthy run that a test may spoil in one respect."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.workbench.domain.given import healthy
from workbench.domain.observations import Observations


@pytest.fixture
def observe() -> Callable[..., Observations]:
    """Return a maker of observations; `client_...` arguments change the client's view, others the rest."""

    def make(**changes: Any) -> Observations:  # noqa: ANN401 - fields of either dataclass
        base = healthy()
        client = {name.removeprefix("client_"): v for name, v in changes.items() if name.startswith("client_")}
        rest = {name: v for name, v in changes.items() if not name.startswith("client_")}
        return replace(base, client=replace(base.client, **client), **rest)

    return make
