"""The platform under load, with a verdict given: what dashboards look like on a good day."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workbench.platform.instance import CHECKOUT
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import LivePlatform

RATE_RPS = 50
_WARM_S = 25


@pytest.fixture(scope="module")
def busy(platform: LivePlatform) -> Iterator[LivePlatform]:
    """The platform with a load that ends with these tests, after a short run that the gate has judged."""
    judged = platform.titanium("load", "--rate", str(RATE_RPS), "--duration", "5", "--warmup", "1")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    # Any verdict will do: a run of five seconds decides nothing.
    assert platform.titanium("gate").returncode in {0, 1, 3}
    load = subprocess.Popen(
        [sys.executable, "-m", "workbench", "load", "--rate", str(RATE_RPS), "--duration", "900", "--warmup", "1"],
        env=dict(platform.environment),
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        offered = f"min_over_time(sum(rate(titanium_load_started_total[8s]))[{_WARM_S}s:1s]) > {0.9 * RATE_RPS}"
        wait_until(lambda: bool(series(platform.instance.prometheus_url, offered)), "the load is steady", 120)
        yield platform
    finally:
        load.send_signal(signal.SIGINT)
        load.wait(60)
