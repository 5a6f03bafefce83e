"""Options that make no sense are named, with their value, before anything starts; foreign targets are refused."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from chaos.load.errors import PlanError, UnreachableError
from chaos.load.plan import LoadPlan
from chaos.load.target import Target, parse_target, require_listener

TARGET = Target(url="http://127.0.0.1:23500", host="127.0.0.1", port=23500, host_header="blog.titanium.example")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate_rps": 0.0}, "--rate 0: expected a number above zero"),
        ({"rate_rps": -5.0}, "--rate -5"),
        ({"rate_rps": float("nan")}, "--rate nan"),
        ({"rate_rps": 1e9}, r"--rate 1e\+09"),
        ({"duration_s": 0.0}, "--duration 0: expected"),
        ({"duration_s": -1.0}, "--duration -1"),
        ({"duration_s": float("inf")}, "--duration inf"),
        ({"warmup_s": -1.0}, "--warmup -1: expected zero or more"),
        ({"timeout_s": 0.0}, "--timeout 0"),
        ({"arrivals": "uniform"}, "--arrivals 'uniform'"),
        ({"workers": 0}, "--workers 0: expected a whole number from 1"),
        ({"max_in_flight": 0}, "--max-in-flight 0"),
        ({"workers": 4, "max_in_flight": 3}, "--max-in-flight 3: expected a whole number from 4"),
        ({"workers": 2, "web_port": 23508}, "--web shows one generator process"),
    ],
)
def test_nonsense_is_refused_by_the_option_and_its_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        LoadPlan(target=TARGET, **changes)


def test_a_plan_survives_the_way_to_a_worker() -> None:
    plan = LoadPlan(target=TARGET, rate_rps=12.5, arrivals="poisson", workers=3)
    assert LoadPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:21000", "127.0.0.1", 21000),
        ("http://127.9.8.7:80/", "127.9.8.7", 80),
        ("http://[::1]:21000", "::1", 21000),
        ("http://127.0.0.1", "127.0.0.1", 80),
    ],
)
def test_this_machine_is_an_allowed_target(url: str, host: str, port: int) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.url) == (host, port, url.rstrip("/"))


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "http://[2001:db8::1]:80", "http://0.0.0.0:80"])
def test_another_machine_is_refused_unless_it_is_declared_ones_own(url: str) -> None:
    with pytest.raises(PlanError, match=r"is not this machine .*--i-own-this-target"):
        parse_target(url)
    assert parse_target(url, own=True).url == url


def names(*addresses: str) -> Any:  # noqa: ANN401  stands in for socket.getaddrinfo
    return lambda _host, port, **_options: [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


def test_a_name_is_judged_by_every_address_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", names("127.0.0.1", "::1"))
    assert parse_target("http://somewhere.test:80").host == "somewhere.test"
    monkeypatch.setattr(socket, "getaddrinfo", names("127.0.0.1", "203.0.113.9"))
    with pytest.raises(PlanError, match=r"203\.0\.113\.9 is not this machine"):
        parse_target("http://somewhere.test:80")


def test_a_name_that_nobody_knows_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PlanError, match=r"'nowhere\.test' cannot be resolved"):
        parse_target("http://nowhere.test:80")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:21000",
        "https://127.0.0.1",
        "http://",
        "ftp://127.0.0.1",
        "http://127.0.0.1/v1",
        "http://127.0.0.1?x=1",
        "http://127.0.0.1:99999",
        "http://me@127.0.0.1",
    ],
)
def test_a_malformed_target_is_named(url: str) -> None:
    with pytest.raises(PlanError, match="--target"):
        parse_target(url)


def test_a_closed_port_is_reported_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UnreachableError, match=r"nobody answers at http://127\.0\.0\.1:23500: .*refused"):
        require_listener(TARGET)
