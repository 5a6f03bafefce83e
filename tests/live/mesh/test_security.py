"""STRICT mutual TLS and authorization, with real proxies: who is not of the mesh, or not allowed, gets nothing."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509

from tests.live.mesh.lab import PORTS, wait_until
from workbench.adapters.certificates import create, load_or_create
from workbench.mesh.local.mesh import authority_folder, store_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.mesh.lab import Lab
    from workbench.adapters.certificates import Authority

CLIENT = "spiffe://cluster.local/ns/titanium-prod/sa/api-gateway"
ONLY_API_GATEWAY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: blog, namespace: titanium-prod }
spec:
  selector: { matchLabels: { app: blog } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/titanium-prod/sa/api-gateway] } }] }]
"""


def _handshake(folder: Path, authority: Authority) -> tuple[str | None, str]:
    """Speak TLS to blog's sidecar with a certificate of that authority; return the version and the answer."""
    issued = authority.issue(CLIENT)
    pem = folder / "client.pem"
    pem.write_text(issued.chain + issued.key)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(pem)
    with (
        socket.create_connection(("127.0.0.1", PORTS.workload("blog").inbound), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="blog") as secured,
    ):
        secured.sendall(b"GET /x HTTP/1.1\r\nHost: blog\r\nConnection: close\r\n\r\n")
        return secured.version(), secured.recv(100).decode()


def _failed_verifications(lab: Lab) -> int:
    return sum(lab.admin("blog").counters(r"^listener\..*ssl\.fail_verify_error$").values())


def test_a_plain_text_call_to_the_inbound_port_fails(lab: Lab) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{PORTS.workload('blog').inbound}/x", timeout=5, trust_env=False)


def test_a_certificate_of_the_mesh_is_let_in_with_tls_1_3(lab: Lab, tmp_path: Path) -> None:
    version, answer = _handshake(tmp_path, load_or_create(authority_folder(lab.folder)))
    assert version == "TLSv1.3"
    assert answer.startswith("HTTP/1.1 200")


def test_a_certificate_of_another_authority_is_refused(lab: Lab, tmp_path: Path) -> None:
    before = _failed_verifications(lab)
    answer = ""
    # An alert, a reset or an end without a word: what the client sees depends on which arrives first.
    with contextlib.suppress(OSError):
        _, answer = _handshake(tmp_path, create())
    assert answer == ""
    wait_until(lambda: _failed_verifications(lab) == before + 1, "the sidecar says that it could not verify it")


def test_sidecars_negotiate_tls_1_3_among_themselves(lab: Lab) -> None:
    assert lab.call("blog", "/x").status_code == 200
    versions = lab.admin("blog").counters(r"ssl\.versions")
    assert {name.rsplit(".", 2)[-2] + "." + name.rsplit(".", 1)[-1] for name in versions} == {"TLSv1.3"}


def test_an_identity_that_the_policy_does_not_name_gets_403(lab: Lab) -> None:
    lab.configure(ONLY_API_GATEWAY)
    wait_until(lambda: lab.call("blog", "/x", client="user").status_code == 403, "user is refused")
    assert lab.call("blog", "/x").status_code == 200


def test_rotation_under_requests_drops_none_and_the_new_certificate_is_served(lab: Lab) -> None:
    answers: list[int] = []
    stopped = threading.Event()

    def call() -> None:
        while not stopped.is_set():
            answers.append(lab.call("blog", "/x").status_code)

    caller = threading.Thread(target=call)
    caller.start()
    try:
        wait_until(lambda: len(answers) > 20, "requests flow")
        before = lab.admin("blog").certificate_serials()
        authority = load_or_create(authority_folder(lab.folder))
        for name in ("blog", "api-gateway"):
            store = store_of(lab.folder, name)
            store.rotate(authority, store.principal, datetime.timedelta(hours=1))
        chain = store_of(lab.folder, "blog").certificate()
        assert chain is not None
        serial = x509.load_pem_x509_certificate(chain.encode()).serial_number
        wait_until(lambda: serial in lab.admin("blog").certificate_serials(), "the new certificate is served")
        assert serial not in before
        count = len(answers)
        wait_until(lambda: len(answers) > count + 50, "requests still flow")
    finally:
        stopped.set()
        caller.join(20)
    assert set(answers) == {200}
