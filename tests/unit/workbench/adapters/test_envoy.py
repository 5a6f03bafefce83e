"""Envoy's admin interface, read: what the proxy writes in its own way means what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from workbench.adapters.envoy import EnvoyAdmin

if TYPE_CHECKING:
    import pytest

ADMIN = "http://127.0.0.1:1"


def test_a_serial_number_is_the_same_with_and_without_a_leading_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = {"certificates": [{"cert_chain": [{"serial_number": "0abc"}]}, {"ca_cert": []}]}
    answer = httpx.Response(200, json=certificates, request=httpx.Request("GET", f"{ADMIN}/certs"))
    monkeypatch.setattr(httpx, "get", lambda *_, **__: answer)
    assert EnvoyAdmin(ADMIN).certificate_serials() == {0xABC}
