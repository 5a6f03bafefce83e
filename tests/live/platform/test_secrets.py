"""Secrets that users send reach no log line and no metric, whatever becomes of the request.

Marked secrets go through every operation of the API: in bodies, headers and cookies, where they belong, and in queries
and paths, where they do not. Proxies write paths as Istio's do, so that the last two are looked for in the services.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import httpx
import pytest

from workbench.platform.instance import PUBLIC_HOST
from workbench.platform.monitoring import WORKLOADS
from workbench.platform.readiness import wait_until

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

OPERATIONS = [
    ("POST", "/v1/auth/register"),
    ("POST", "/v1/auth/login"),
    ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/auth/logout"),
    ("GET", "/v1/auth/jwks"),
    ("GET", "/v1/users/me"),
    ("PATCH", "/v1/users/me"),
    ("GET", "/v1/users/somebody"),
    ("GET", "/v1/posts"),
    ("POST", "/v1/posts"),
    ("GET", "/v1/posts/00000000-0000-0000-0000-000000000000"),
    ("PATCH", "/v1/posts/00000000-0000-0000-0000-000000000000"),
    ("DELETE", "/v1/posts/00000000-0000-0000-0000-000000000000"),
    ("GET", "/v1/tags"),
    ("GET", "/v1/nowhere"),
    ("DELETE", "/v1/users/me"),
]
_opener = build_opener(ProxyHandler({}))


def mark(kind: str) -> str:
    return f"marked-{kind}-{secrets.token_hex(6)}"


def logs(live: LivePlatform, *, proxies: bool) -> str:
    files = [live.instance.logs / f"{name}.log" for name in WORKLOADS]
    if proxies:
        files += [live.instance.logs / f"{name}-sidecar.log" for name in WORKLOADS]
        files.append(live.instance.logs / "ingress.log")
    return "\n".join(file.read_text(errors="replace") for file in files)


def metrics(live: LivePlatform) -> str:
    texts = []
    for name in WORKLOADS:
        ports = live.instance.ports.workload(name)
        for port, path in ((ports.management, "/metrics"), (ports.stats, "/stats/prometheus")):
            with _opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
                texts.append(response.read().decode())
    return "\n".join(texts)


def wait_for_the_logs(live: LivePlatform) -> None:
    """Until a request that fails for a reason of its own has been written: everything before it has been, too."""
    marker = mark("last")
    httpx.get(f"{live.instance.ingress_url}/v1/{marker}", headers={"Host": PUBLIC_HOST}, trust_env=False)
    wait_until(lambda: marker in logs(live, proxies=True), "the proxies have written", 15)


def send(live: LivePlatform, method: str, path: str, **how: Any) -> httpx.Response:  # noqa: ANN401 - httpx' options
    headers = {"Host": PUBLIC_HOST, **how.pop("headers", {})}
    return httpx.request(method, live.instance.ingress_url + path, headers=headers, trust_env=False, timeout=20, **how)


@pytest.mark.timeout(120)
def test_what_users_send_where_it_belongs_is_told_nobody(platform: LivePlatform) -> None:
    email, password = f"{mark('email')}@secret.example", f"{mark('password')}-A1!"
    told = [email.partition("@")[0], password]
    account = {"email": email, "password": password, "handle": f"h{secrets.token_hex(5)}", "display_name": "Ada"}
    assert send(platform, "POST", "/v1/auth/register", json=account).status_code == 201
    tokens = send(platform, "POST", "/v1/auth/login", json={"email": email, "password": password}).json()
    issued = [tokens["access_token"], tokens["refresh_token"]]
    told += issued
    for token in (issued[0], mark("jwt"), f"eyJ{mark('header')}.{mark('claims')}.{mark('signature')}"):
        told.append(token)
        for method, path in OPERATIONS:
            cookie, wrong = mark("cookie"), {**account, "password": mark("wrong"), "refresh_token": mark("refresh")}
            told += [cookie, wrong["password"], wrong["refresh_token"]]
            headers = {"Authorization": f"Bearer {token}", "Cookie": f"session={cookie}", "X-Api-Key": cookie}
            body = json.dumps(wrong) if method in {"POST", "PATCH"} else None
            send(platform, method, path, headers={**headers, "Content-Type": "application/json"}, content=body)
            send(platform, method, path, headers=headers, content=b'{"password": "' + wrong["password"].encode())
    wait_for_the_logs(platform)
    written, counted = logs(platform, proxies=True), metrics(platform)
    assert [secret for secret in told if secret in written] == []
    assert [secret for secret in told if secret in counted] == []


@pytest.mark.timeout(120)
def test_nor_do_services_tell_what_is_sent_where_it_does_not_belong(platform: LivePlatform) -> None:
    told = []
    for method, path in OPERATIONS:
        query = {name: mark(name) for name in ("password", "refresh_token", "api_key")}
        email = f"{mark('email')}@secret.example"
        told += [*query.values(), email]
        send(platform, method, path, params={**query, "email": email})
        send(platform, method, f"{path}/{email}")
    wait_for_the_logs(platform)
    written, counted = logs(platform, proxies=False), metrics(platform)
    assert [secret for secret in told if secret in written] == []
    assert [secret for secret in told if secret in counted] == []
