"""A platform of its own for alerts, whose rules live thirty times as fast, and a load that goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.live.conftest import LivePlatform, running
from tests.live.quick_rules import faster
from workbench.platform import rules
from workbench.platform.instance import CHECKOUT
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

_opener = build_opener(ProxyHandler({}))


def reload(url: str) -> bool:
    """Whether a server took its files over."""
    try:
        with _opener.open(Request(f"{url}/-/reload", method="POST"), timeout=10) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    with running(tmp_path_factory.mktemp("alerts") / "state") as live:
        for file in rules.folder(live.instance).rglob("*.yaml"):
            file.write_text(faster(file.read_text()))
        assert reload(live.instance.prometheus_url)
        with steady_load(live):
            yield live


@contextmanager
def steady_load(live: LivePlatform) -> Iterator[None]:
    load = subprocess.Popen(
        [sys.executable, "-m", "workbench", "load", "--rate", "30", "--duration", "1800", "--warmup", "1"],
        env=dict(live.environment),
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        held = 'sum(rate(istio_requests_total{source_workload="istio-ingressgateway",reporter="source"}[20s])) > 20'
        wait_until(lambda: bool(series(live.instance.prometheus_url, held)), "the load is steady", 90)
        yield
    finally:
        load.send_signal(signal.SIGINT)
        load.wait(60)
