"""A client that tries to make series cannot: budgets and closed sets of values hold, in services and mesh."""

from __future__ import annotations

import asyncio
import json
import random
import re
import string
from typing import TYPE_CHECKING, Any, Final
from urllib.request import ProxyHandler, build_opener

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from services.common.telemetry import meanings
from services.common.telemetry.registry import KNOWN_METHODS, METRICS, UNMATCHED_ROUTE, Kind, Label, Metric
from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.readiness import series, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.live.conftest import LivePlatform

AT_THE_INGRESS = 3000
AT_EACH_SERVICE = 500
AT_ONCE = 30
# Stands in everything that the client makes up, so that a single series made of it is found.
MARK = "zq7x"
# A network for documentation (RFC 5737), which nothing here has an address of.
NETWORK = "203.0.113."
# Series of Istio's counter that the attack may add; measured on a fresh platform: 13.
MESH_BUDGET = 40
_PLAIN_LABEL: Final = {
    "reporter": r"source|destination",
    "request_protocol": r"http|grpc|tcp",
    "response_code": r"0|[1-5]\d\d",
    "response_flags": r"-|[A-Za-z,]+",
    "connection_security_policy": r"mutual_tls|none|unknown",
}
_opener = build_opener(ProxyHandler({}))


def noise(dice: random.Random, length: int = 12) -> str:
    return MARK + "".join(dice.choices(string.ascii_letters + string.digits, k=length))


def a_request(dice: random.Random) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers, of which nothing was seen before."""
    prefix = dice.choice(["/", "/v1/", "/v1/posts/", "/v1/users/", "/v1/tags/", "/v1/auth/", "/livez/", "/metrics/"])
    path = f"{prefix}{noise(dice)}?{noise(dice)}={noise(dice)}"
    method = dice.choice([*KNOWN_METHODS, noise(dice, 6).upper(), "PROPFIND", "TRACE"])
    headers = {
        "Host": dice.choice([PUBLIC_HOST, PUBLIC_HOST, PUBLIC_HOST, f"{noise(dice)}.example"]),
        "User-Agent": noise(dice, 30),
        "x-request-id": noise(dice, 40),
        "traceparent": f"00-{noise(dice, 28)}-{noise(dice)}-01",
        "x-forwarded-for": f"{NETWORK}{dice.randrange(256)}",
        "x-forwarded-client-cert": f"URI=spiffe://cluster.local/ns/{noise(dice)}/sa/{noise(dice)}",
        f"x-{noise(dice)}": noise(dice),
        "Authorization": f"Bearer {noise(dice, 60)}",
    }
    return method, path, headers


async def attack(url: str, count: int) -> int:
    """Send requests; return how many were answered."""
    dice = random.Random(url)  # noqa: S311 - nonsense, and another for each place
    todo = [a_request(dice) for _ in range(count)]
    answered = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        while todo:
            method, path, headers = todo.pop()
            try:
                async with session.request(method, url + path, headers=headers) as response:
                    await response.read()
                    answered += 1
            except aiohttp.ClientError:
                continue  # a proxy may close the connection on nonsense

    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, skip_auto_headers=["User-Agent"]) as session:
        await asyncio.gather(*(work(session) for _ in range(AT_ONCE)))
    return answered


def samples(live: LivePlatform, service: str) -> list[Sample]:
    port = live.instance.ports.workload(service).management
    with _opener.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        text = response.read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def of(metric: Metric, found: Iterable[Sample]) -> list[Sample]:
    """The series of a metric."""
    suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
    names = {f"{metric.name}{suffix}" for suffix in suffixes}
    return [sample for sample in found if sample.name in names]


def offences(found: Iterable[Sample]) -> list[str]:
    """Metrics with more series than their budget, and labels with values that they may not have."""
    there = list(found)
    said = [
        f"{metric.name} has {len(of(metric, there))} series"
        for metric in METRICS
        if len(of(metric, there)) > meanings.budget(metric)
    ]
    for metric in METRICS:
        for label in metric.labels:
            values = {sample.labels[label] for sample in of(metric, there)}
            said += [
                f"{metric.name}: {label}={value!r}" for value in sorted(values) if not may_be(metric, label, value)
            ]
    return said


def may_be(metric: Metric, label: Any, value: str) -> bool:  # noqa: ANN401 - any of the enumerations of labels
    allowed = meanings.allowed(metric, label)
    if allowed is not None:
        return value in allowed
    if label == Label.STATUS:
        return re.fullmatch(r"[1-5]\d\d", value) is not None
    if label == Label.ROUTE:
        return value == UNMATCHED_ROUTE or (value.startswith("/") and MARK not in value)
    return MARK not in value


def mesh_requests(live: LivePlatform) -> float:
    return sum(series(live.instance.prometheus_url, 'istio_requests_total{reporter="source"}'))


def mesh_series(live: LivePlatform) -> float:
    return sum(series(live.instance.prometheus_url, "count(istio_requests_total)"))


@pytest.fixture(scope="module")
def grown(platform: LivePlatform) -> float:
    """How many series of the mesh an attack on the ingress and on every service has added, once it is counted."""
    requests, before = mesh_requests(platform), mesh_series(platform)
    answered = asyncio.run(attack(platform.instance.ingress_url, AT_THE_INGRESS))
    assert answered > AT_THE_INGRESS / 2
    for service in WORKLOADS:
        port = platform.instance.ports.workload(service).app
        assert asyncio.run(attack(f"http://127.0.0.1:{port}", AT_EACH_SERVICE)) > AT_EACH_SERVICE / 2
    wait_until(lambda: mesh_requests(platform) - requests >= answered / 2, "the mesh has counted the attack", 60)
    return mesh_series(platform) - before


@pytest.mark.timeout(200)
@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize("service", WORKLOADS)
def test_a_client_cannot_make_series(platform: LivePlatform, service: str) -> None:
    found = samples(platform, service)
    assert offences(found) == []
    unmatched = [
        s.value for s in found if s.name.endswith("duration_seconds_count") and UNMATCHED_ROUTE in s.labels.values()
    ]
    assert sum(unmatched) > AT_EACH_SERVICE / 4  # the attack has arrived


def test_nor_can_it_in_the_mesh(platform: LivePlatform, grown: float) -> None:
    assert grown <= MESH_BUDGET
    for label, pattern in _PLAIN_LABEL.items():
        values = label_values(platform, label, "istio_requests_total")
        assert values
        assert [value for value in values if not re.fullmatch(pattern, value)] == [], label


@pytest.mark.usefixtures("grown")
def test_nothing_that_it_made_up_is_a_label_anywhere(platform: LivePlatform) -> None:
    names = ask(platform, "labels")
    assert {"response_code", "destination_service", Label.ROUTE, Label.METHOD} <= set(names)
    values = {name: ask(platform, f"label/{name}/values") for name in names}
    made = {name: [one for one in there if MARK in one.lower() or NETWORK in one] for name, there in values.items()}
    assert {name: there[:3] for name, there in made.items() if there} == {}


def label_values(live: LivePlatform, label: str, metric: str) -> list[str]:
    return ask(live, f"label/{label}/values?match[]={metric}")


def ask(live: LivePlatform, what: str) -> list[str]:
    with _opener.open(f"{live.instance.prometheus_url}/api/v1/{what}", timeout=10) as response:
        found: list[str] = json.load(response)["data"]
    return found


_GOOD: Final[dict[str, str]] = {Label.METHOD: "GET", Label.ROUTE: "/v1/posts/{id}", Label.STATUS: "200"}


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({Label.METHOD: "BREW"}, "http_request_method='BREW'"),
        ({Label.ROUTE: f"/v1/posts/{MARK}1"}, f"http_route='/v1/posts/{MARK}1'"),
        ({Label.STATUS: "banana"}, "http_response_status_code='banana'"),
    ],
)
def test_a_value_that_may_not_be_is_noticed(labels: dict[str, str], said: str) -> None:
    name = "http_server_request_duration_seconds"
    assert offences([Sample(f"{name}_count", dict(_GOOD), 1)]) == []
    assert offences([Sample(f"{name}_count", {**_GOOD, **labels}, 1)]) == [f"{name}: {said}"]


def test_too_many_series_are_noticed() -> None:
    name = "http_server_request_duration_seconds"
    many = [Sample(f"{name}_count", {**_GOOD, Label.ROUTE: f"/v1/{index}"}, 1) for index in range(1081)]
    assert offences(many) == [f"{name} has 1081 series"]
