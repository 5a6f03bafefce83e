"""Lines for a real Loki: given to it as if somebody had said them, or said by the services because something fails."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from workbench.platform.instance import PUBLIC_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.model import Line
    from tests.live.conftest import LivePlatform
    from workbench.platform.instance import Instance


def say(instance: Instance, line: Line) -> None:
    """Push a line with the time of now."""
    values = [[str(time.time_ns()), line.text, dict(line.metadata)]]
    body = {"streams": [{"stream": dict(line.stream), "values": values}]}
    answer = httpx.post(f"{instance.loki_url}/loki/api/v1/push", json=body, trust_env=False)
    assert answer.status_code == 204, answer.text


@contextmanager
def every_page_fails(live: LivePlatform) -> Iterator[None]:
    """Let every page of posts be an error, about which the gateway writes a line."""
    put = live.titanium("fault", "apply", "blog", "--abort", "503", "--percent", "100")
    assert put.returncode == 0, put.stdout + put.stderr
    try:
        yield
    finally:
        assert live.titanium("fault", "clear").returncode == 0


def ask_for_a_page(live: LivePlatform) -> None:
    httpx.get(f"{live.instance.ingress_url}/v1/posts", headers={"host": PUBLIC_HOST}, trust_env=False)
