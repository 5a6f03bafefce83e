"""The rate limit with a real Valkey: who is counted together, and what happens when it is gone."""

import time
from uuid import uuid4

import httpx

from tests.integration.conftest import RunningService, TokenSigner, Valkey
from tests.integration.services.api_gateway.conftest import StartGateway, Upstream, metric

TIGHT = {"RATE_READ_PER_S": "1", "RATE_READ_BURST": "3", "RATE_WRITE_PER_S": "1", "RATE_WRITE_BURST": "2"}


def _statuses(gateway: RunningService, count: int, **headers: str) -> list[int]:
    with httpx.Client(base_url=gateway.url, headers=headers) as client:
        return [client.get("/v1/posts").status_code for _ in range(count)]


def _decisions(gateway: RunningService, result: str) -> float:
    return metric(gateway, "rate_limit_decisions_total", result=result)


def test_the_burst_passes_and_the_next_has_to_wait(start_gateway: StartGateway, upstream: Upstream) -> None:
    gateway = start_gateway(**TIGHT)
    assert _statuses(gateway, 4) == [200, 200, 200, 429]
    assert len(upstream.seen) == 3
    assert _decisions(gateway, "allowed") == 3
    assert _decisions(gateway, "limited") == 1


def test_a_refusal_says_how_long_and_waiting_helps(start_gateway: StartGateway) -> None:
    gateway = start_gateway(**TIGHT)
    _statuses(gateway, 3)
    refused = httpx.get(f"{gateway.url}/v1/posts")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    deadline = time.monotonic() + 3
    while _statuses(gateway, 1) == [429]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_client_addresses_have_a_bucket_each(start_gateway: StartGateway) -> None:
    gateway = start_gateway(**TIGHT)
    assert _statuses(gateway, 4, **{"x-forwarded-for": "192.0.2.1"})[-1] == 429
    assert _statuses(gateway, 3, **{"x-forwarded-for": "192.0.2.2"}) == [200, 200, 200]


def test_an_invented_address_in_front_makes_no_new_bucket(start_gateway: StartGateway) -> None:
    gateway = start_gateway(**TIGHT)
    assert _statuses(gateway, 3, **{"x-forwarded-for": "192.0.2.1"}) == [200, 200, 200]
    assert _statuses(gateway, 1, **{"x-forwarded-for": "203.0.113.9, 192.0.2.1"}) == [429]


def test_accounts_are_counted_apart_whatever_their_address(start_gateway: StartGateway, signer: TokenSigner) -> None:
    gateway = start_gateway(**TIGHT)
    ada, bela = signer.headers("ada", uuid4()), signer.headers("bela", uuid4())
    with httpx.Client(base_url=gateway.url) as client:
        own = [client.delete("/v1/posts/1", headers=ada).status_code for _ in range(3)]
        other = client.delete("/v1/posts/1", headers=bela).status_code
    assert own == [200, 200, 429]
    assert other == 200


def test_two_gateways_share_one_limit(start_gateway: StartGateway) -> None:
    first, second = start_gateway(**TIGHT), start_gateway(**TIGHT)
    assert _statuses(first, 2) + _statuses(second, 2) == [200, 200, 200, 429]


def test_without_valkey_the_limit_is_open_and_counted(start_gateway: StartGateway, valkey: Valkey) -> None:
    gateway = start_gateway(**TIGHT)
    assert _statuses(gateway, 4)[-1] == 429
    valkey.kill()
    assert _statuses(gateway, 20) == [200] * 20
    assert _decisions(gateway, "open") == 20
    valkey.start()
    deadline = time.monotonic() + 5
    while 429 not in _statuses(gateway, 4):  # the script is loaded again, the breaker closes
        assert time.monotonic() < deadline


def test_a_black_hole_costs_no_more_than_the_breaker_lets_it(start_gateway: StartGateway, valkey: Valkey) -> None:
    gateway = start_gateway(**TIGHT)
    _statuses(gateway, 1)
    valkey.pause()
    try:
        started = time.monotonic()
        assert _statuses(gateway, 50) == [200] * 50
        # Three time-outs of 0.2 s open the breaker; after that one per second may try.
        assert time.monotonic() - started < 2.0
        assert _decisions(gateway, "open") == 50
    finally:
        valkey.resume()


def test_the_default_limits_let_500_requests_of_one_client_pass_at_once(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    assert _statuses(gateway, 500) == [200] * 500
    assert _decisions(gateway, "limited") == 0
