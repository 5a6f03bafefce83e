"""Which headers pass, and whose address counts."""

import pytest

from services.api_gateway.headers import client_address, forwarded_request_headers, forwarded_response_headers
from services.api_gateway.service import bearer_token
from services.common.errors import UnauthenticatedError


def test_only_listed_request_headers_pass() -> None:
    raw = [(b"accept", b"*/*"), (b"x-user-id", b"1"), (b"host", b"a"), (b"authorization", b"Bearer forged")]
    assert forwarded_request_headers(raw, token=None) == {"accept": "*/*"}


def test_the_verified_token_is_the_one_that_is_sent_on() -> None:
    assert forwarded_request_headers([], token="t") == {"authorization": "Bearer t"}


def test_only_listed_response_headers_pass() -> None:
    headers = {"etag": '"1"', "server": "x", "set-cookie": "a=b", "connection": "close"}
    assert forwarded_response_headers(headers) == {"etag": '"1"'}


@pytest.mark.parametrize(
    ("forwarded", "trusted", "address"),
    [
        ([], 1, "peer"),
        (["192.0.2.1"], 0, "peer"),
        (["192.0.2.1"], 1, "192.0.2.1"),
        (["6.6.6.6, 192.0.2.1"], 1, "192.0.2.1"),
        (["6.6.6.6", "192.0.2.1"], 1, "192.0.2.1"),
        (["6.6.6.6, 192.0.2.1, 10.0.0.1"], 2, "192.0.2.1"),
        (["192.0.2.1"], 2, "peer"),
        ([" , "], 1, "peer"),
        (["x" * 500], 1, "x" * 64),
    ],
)
def test_the_client_is_whom_our_outermost_proxy_saw(forwarded: list[str], trusted: int, address: str) -> None:
    raw = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert client_address(raw, peer="peer", trusted_proxies=trusted) == address


@pytest.mark.parametrize("value", [b"Bearer abc", b"bearer abc", b"BEARER  abc "])
def test_the_scheme_is_case_insensitive(value: bytes) -> None:
    assert bearer_token([(b"authorization", value)]) == "abc"


@pytest.mark.parametrize("values", [[], [b"Bearer"], [b"Bearer  "], [b"Basic abc"], [b"Bearer a", b"Bearer b"]])
def test_anything_but_one_bearer_token_is_unauthenticated(values: list[bytes]) -> None:
    with pytest.raises(UnauthenticatedError):
        bearer_token([(b"authorization", value) for value in values])
