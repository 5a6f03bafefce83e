"""A fault is put in force and taken away while requests flow, without a restart; the proxy's counter proves it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.live.mesh.lab import Lab

DELAY = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: blog, namespace: titanium-prod }
spec:
  hosts: [blog]
  http:
    - fault: { delay: { fixedDelay: 0.4s, percentage: { value: 100 } } }
      route: [{ destination: { host: blog } }]
"""
COUNTER = r"fault\.delays_injected$"


def _seconds(lab: Lab) -> float:
    started = time.monotonic()
    assert lab.call("blog", "/x").status_code == 200
    return time.monotonic() - started


def _injected(lab: Lab) -> int:
    return sum(lab.admin("api-gateway").counters(COUNTER).values())


def test_a_delay_takes_effect_at_run_time_and_its_removal_restores(lab: Lab) -> None:
    started = lab.envoys["api-gateway"].pid
    assert _seconds(lab) < 0.4
    before = _injected(lab)
    lab.configure(DELAY)
    assert _seconds(lab) >= 0.4
    assert _injected(lab) == before + 1
    lab.configure()
    assert _seconds(lab) < 0.4
    assert _injected(lab) == before + 1
    assert lab.envoys["api-gateway"].pid == started
    assert lab.envoys["api-gateway"].poll() is None
