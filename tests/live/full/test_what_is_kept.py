"""Tail sampling: a request that failed is always kept, however quick it was; of the others some."""

import time

import httpx
import pytest

from tests.live.conftest import LivePlatform
from workbench.adapters.jaeger import Jaeger
from workbench.platform.instance import PUBLIC_HOST

pytestmark = pytest.mark.full

_FAILED, _QUICK = 10, 60
_DEADLINE_S = 40.0


def request_ids(live: LivePlatform, count: int, status: int) -> list[str]:
    headers = {"host": PUBLIC_HOST}
    answers = [
        httpx.get(f"{live.instance.ingress_url}/v1/posts", headers=headers, trust_env=False) for _ in range(count)
    ]
    assert {answer.status_code for answer in answers} == {status}
    return [answer.headers["x-request-id"] for answer in answers]


def kept(live: LivePlatform, ids: list[str]) -> int:
    jaeger = Jaeger(live.instance.jaeger_url)
    return sum(jaeger.by_request(one) is not None for one in ids)


@pytest.fixture
def failed(observed: LivePlatform) -> list[str]:
    put = observed.titanium("fault", "apply", "blog", "--abort", "503", "--percent", "100")
    assert put.returncode == 0, put.stdout + put.stderr
    try:
        return request_ids(observed, _FAILED, 503)
    finally:
        cleared = observed.titanium("fault", "clear")
        assert cleared.returncode == 0, cleared.stdout + cleared.stderr


def test_every_failed_request_is_kept_and_not_every_quick_one(observed: LivePlatform, failed: list[str]) -> None:
    quick = request_ids(observed, _QUICK, 200)
    ends = time.monotonic() + _DEADLINE_S
    while kept(observed, failed) < _FAILED:
        assert time.monotonic() < ends, f"only {kept(observed, failed)} of {_FAILED} failed requests were kept"
        time.sleep(1)
    # Sent after the failed ones, so that some may not be decided yet: all that is claimed is that it is a choice.
    assert kept(observed, quick) < _QUICK / 2
