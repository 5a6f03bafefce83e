"""A platform of its own for alerts, whose rules live thirty times as fast, and a load that goes on.

Every duration in the rules (`for`, windows) is divided by the same number; no condition is changed. Five minutes become
ten seconds, still five scrapes.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from slo import duration
from tests.live.conftest import LivePlatform
from workbench.platform import rules
from workbench.platform.instance import CHECKOUT
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

FASTER = 30
_DURATION = re.compile(r"(?<=\[)\d+[mhd](?=\])|(?<=for: )\"?\d+[mhd]\"?")
_opener = build_opener(ProxyHandler({}))


def faster(text: str) -> str:
    """The rules with every duration divided."""

    def divided(match: re.Match[str]) -> str:
        return f"{max(1, round(duration.from_promql(match[0].strip(chr(34))) / FASTER))}s"

    return _DURATION.sub(divided, text)


def reload(url: str) -> bool:
    """Whether a server took its files over."""
    try:
        with _opener.open(Request(f"{url}/-/reload", method="POST"), timeout=10) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    live = LivePlatform.create(tmp_path_factory.mktemp("alerts") / "state")
    load: subprocess.Popen[bytes] | None = None
    try:
        came_up = live.titanium("up")
        assert came_up.returncode == 0, came_up.stdout + came_up.stderr
        for file in rules.folder(live.instance).rglob("*.yaml"):
            file.write_text(faster(file.read_text()))
        assert reload(live.instance.prometheus_url)
        load = subprocess.Popen(
            [sys.executable, "-m", "workbench", "load", "--rate", "30", "--duration", "1800", "--warmup", "1"],
            env=dict(live.environment),
            cwd=CHECKOUT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        held = 'sum(rate(istio_requests_total{source_workload="istio-ingressgateway",reporter="source"}[20s])) > 20'
        wait_until(lambda: bool(series(live.instance.prometheus_url, held)), "the load is steady", 90)
        yield live
    finally:
        if load is not None:
            load.send_signal(signal.SIGINT)
            load.wait(60)
        live.titanium("down")
