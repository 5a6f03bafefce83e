"""Unhappy paths as Istio shows them: code, flags and details of both proxies, in access log and metrics."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.live.mesh.cases import CASES, NOT_MADE, Case
from tests.live.mesh.lab import PORTS, wait_until
from workbench.adapters.certificates import load_or_create
from workbench.mesh.local.mesh import authority_folder, store_of

if TYPE_CHECKING:
    from tests.live.mesh.lab import Lab

RECORD = {one["case"]: one for one in json.loads(Path(__file__).with_name("response-flags.json").read_text())}
# Three parts, as a token has; one letter is no Base64.
BAD_TOKEN = "Bearer a.b.c"
_OTHER = "spiffe://cluster.local/ns/titanium-prod/sa/somebody-else"


def test_every_case_of_the_record_is_made_or_has_a_reason() -> None:
    assert {case.name for case in CASES} | set(NOT_MADE) == set(RECORD)
    assert not {case.name for case in CASES} & set(NOT_MADE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_proxies_write_what_istio_writes(case: Case, lab: Lab) -> None:
    expected = RECORD[case.name]
    authority = load_or_create(authority_folder(lab.folder))
    blog = store_of(lab.folder, "blog")
    principal = blog.principal
    if case.how == "other certificate":
        blog.rotate(authority, _OTHER)
    try:
        lab.configure(case.yaml)
        _prepare(case, lab)
        marker = lab.marker()
        before = _counts(lab, case)
        saw = _act(case, lab, marker)
        if case.how != "six at once":
            assert saw == expected["caller_saw"]
        _assert_logged(case, lab, marker, expected)
        _assert_counted(case, lab, expected, before)
    finally:
        if case.how == "other certificate":
            blog.rotate(authority, principal)


def _prepare(case: Case, lab: Lab) -> None:
    headers = {"Authorization": BAD_TOKEN} if case.how == "bad token" else {}
    if case.settled:
        wait_until(
            lambda: lab.call("blog", "/settle", headers=headers).status_code == case.settled, f"{case.name} is in force"
        )
    if case.prepare:
        wait_until(lambda: lab.call("blog", case.prepare).status_code == 503, "the endpoint is ejected")
    if case.how == "other certificate":
        # The proxy takes the certificate over in its own time; until then connections still succeed.
        wait_until(lambda: lab.call("blog", "/settle").status_code == 503, "the wrong certificate is served")


def _act(case: Case, lab: Lab, marker: str) -> int | None:
    path = f"/{marker}{case.path}"
    if case.how == "ingress":
        return lab.from_outside(path).status_code
    if case.how == "leave":
        with pytest.raises(httpx.ReadTimeout):
            lab.call(case.service, path, timeout=0.3)
        return None
    if case.how == "plain text":
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{PORTS.workload('blog').inbound}{path}", timeout=5, trust_env=False)
        return None
    if case.how == "six at once":
        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(lambda _: lab.call(case.service, path).status_code, range(6)))
        assert sorted(statuses) == [200, 200, 503, 503, 503, 503]
        return 503
    headers = {"Authorization": BAD_TOKEN} if case.how == "bad token" else {}
    try:
        return lab.call(case.service, path, headers=headers).status_code
    except httpx.RemoteProtocolError:
        assert case.name == "app-drops-mid-response"
        return 200


def _client(case: Case) -> str:
    return "istio-ingressgateway" if case.how == "ingress" else "api-gateway"


def _server(case: Case) -> str:
    return "user" if case.service == "user" else "blog"


def _assert_logged(case: Case, lab: Lab, marker: str, expected: dict[str, Any]) -> None:
    if expected["client_proxy"]:
        _assert_line(lab, _client(case), marker, expected["client_proxy"])
    if expected["server_proxy"]:
        text = "filter_chain_not_found" if case.how == "plain text" else marker
        _assert_line(lab, _server(case), text, expected["server_proxy"])
    else:
        assert all(line["response_code"] == 200 for line in lab.access_log(_server(case), marker))


def _assert_line(lab: Lab, proxy: str, marker: str, expected: dict[str, Any]) -> None:
    def matches() -> bool:
        return any(
            line["response_code"] == expected["code"]
            and line["response_flags"] == expected["flags"]
            and _has_parts(str(line["response_code_details"]), expected["details"].split("…"))
            for line in lab.access_log(proxy, marker)
        )

    try:
        wait_until(matches, "a line of the access log", 5)
    except AssertionError:
        keys = ("response_code", "response_flags", "response_code_details")
        seen = [{key: line[key] for key in keys} for line in lab.access_log(proxy, marker)]
        pytest.fail(f"{proxy}: expected {expected}, logged {seen}")


def _has_parts(text: str, parts: list[str]) -> bool:
    return text == parts[0] if len(parts) == 1 else all(part in text for part in parts)


def _counts(lab: Lab, case: Case) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    return {name: lab.samples(name, "istio_requests_total") for name in {_client(case), _server(case)}}


def _assert_counted(case: Case, lab: Lab, expected: dict[str, Any], before: dict[str, Any]) -> None:
    for reporter, proxy, wanted in (
        ("source", _client(case), expected["client_proxy"]),
        ("destination", _server(case), expected["server_proxy"]),
    ):
        # A connection that no filter chain takes is no request: Istio counts none, either.
        if wanted is None or case.how == "plain text":
            continue
        labels = {"reporter": reporter, "response_code": str(wanted["code"]), "response_flags": wanted["flags"]}

        def grown(proxy: str = proxy, labels: dict[str, str] = labels) -> bool:
            now = lab.samples(proxy, "istio_requests_total")
            return any(
                labels.items() <= dict(series).items() and value > before[proxy].get(series, 0)
                for series, value in now.items()
            )

        wait_until(grown, f"{proxy} counts {labels}", 5)


def test_a_closed_port_really_refuses() -> None:
    """The cases about refused connections mean something only if nothing listens there."""
    for port in (PORTS.workload("auth").inbound, PORTS.workload("user").app):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
