"""A sample of the families on the real local platform: what is injected is known, the verdict has to follow.

Looks of 25 and 30 s at 100 requests/s; the second only if the first leaves it open. The machine is shared, so what a
good build needs here is far from the limits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from slo.criterion import release_criteria
from tests.live.conftest import LivePlatform
from tests.live.gate_corpus import page
from tests.live.gate_corpus.builds import FAILING, HEALTHY, NEAR, SLOW, expected_of
from tests.live.gate_corpus.trial import Outcome
from workbench.adapters.supervisor import Supervisor
from workbench.mesh.local.control import ControlPlane
from workbench.mesh.local.faults import InjectedFault
from workbench.mesh.local.takeover import faults_injected, wait_for_takeover
from workbench.platform.instance import CHECKOUT
from workbench.verify.actions import LocalActions
from workbench.verify.run import _measure

pytestmark = [pytest.mark.gate_corpus, pytest.mark.timeout(600)]
LENGTHS_S, WARMUP_S, RATE_RPS = (25.0, 30.0), 5.0, 100.0

Change = Callable[[LivePlatform], Iterator[None]]


def nothing(_live: LivePlatform) -> Iterator[None]:
    """The platform as it is."""
    yield


def fault(percent: float, *, delay_ms: int = 0, status: int = 0) -> Change:
    """A fault for a share of blog's requests, which are over four fifths of the mix."""

    def change(live: LivePlatform) -> Iterator[None]:
        plane = ControlPlane.of_running(live.instance)
        before = faults_injected(plane)
        wait_for_takeover(plane, plane.put_fault("blog", InjectedFault(percent, delay_ms, status)))
        try:
            yield
            assert faults_injected(plane) > before
        finally:
            wait_for_takeover(plane, plane.clear_faults())

    return change


def without_cache(live: LivePlatform) -> Iterator[None]:
    """Valkey is gone; `repaired` brings it back."""
    Supervisor(live.instance.supervisor_socket).stop("valkey")
    yield
    assert live.status()["valkey"]["state"] == "STOPPED"


@dataclass(frozen=True)
class LiveBuild:
    """A change of the running platform."""

    name: str
    family: str
    change: Change


BUILDS = (
    LiveBuild("nothing changed", HEALTHY, nothing),
    LiveBuild("2 % of the calls to blog take 800 ms more", NEAR, fault(2, delay_ms=800)),
    LiveBuild("the cache is off", HEALTHY, without_cache),
    LiveBuild("20 % of the calls to blog take 800 ms more", SLOW, fault(20, delay_ms=800)),
    LiveBuild("3 % of the calls to blog answer 503", FAILING, fault(3, status=503)),
)


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, Outcome]]:
    """What came of each, to be written down when all were judged."""
    found: dict[str, Outcome] = {}
    yield found
    if found.keys() == {build.name for build in BUILDS}:
        page.write(page.LIVE, found.values())


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_the_verdict_follows_from_what_was_changed(
    repaired: LivePlatform, outcomes: dict[str, Outcome], build: LiveBuild, tmp_path: Path
) -> None:
    criteria = release_criteria([CHECKOUT / "slo" / "objectives"])
    actions = LocalActions(repaired.instance, criteria, tmp_path, rate_rps=RATE_RPS, keep=True)
    with contextmanager(build.change)(repaired):
        run = _measure(actions, "run", LENGTHS_S, WARMUP_S)
    looks = sum(1 for _ in tmp_path.iterdir())
    outcome = Outcome(build.name, build.family, expected_of(build.family), run.judgement, looks)
    outcomes[build.name] = outcome

    assert outcome.right, f"{outcome.verdict}: {outcome.why}"
