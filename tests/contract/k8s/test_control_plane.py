"""The control plane on the project's own manifests: pushes, faults at run time, and the process that renews keys."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from workbench.__main__ import main
from workbench.adapters.certificates import load_or_create
from workbench.errors import EXIT_CANNOT_DECIDE, EXIT_USAGE, UsageError
from workbench.mesh.local.control import ControlPlane
from workbench.mesh.local.faults import InjectedFault
from workbench.mesh.local.mesh import authority_folder, store_of
from workbench.platform.instance import Instance

CHECKOUT = Path(__file__).parents[3]
EXTERNAL = {"postgres": ("127.0.0.1", 23303), "valkey": ("127.0.0.1", 23304)}


@pytest.fixture
def plane(tmp_path: Path) -> ControlPlane:
    plane = ControlPlane(Instance(CHECKOUT, tmp_path, 23300), EXTERNAL)
    plane.push()
    return plane


def _routes(plane: ControlPlane) -> str:
    return store_of(plane.instance.mesh, "api-gateway").files.path("rds", "80").read_text()


def test_there_is_an_envoy_for_each_workload_and_one_process_for_the_certificates(plane: ControlPlane) -> None:
    names = [program.name for program in plane.programs()]
    assert names[0] == "ingress"
    assert sorted(names[1:]) == ["api-gateway-sidecar", "auth-sidecar", "blog-sidecar", "certificates", "user-sidecar"]


def test_a_fault_changes_the_callers_routes_and_clearing_it_restores_them(plane: ControlPlane) -> None:
    before, versions = _routes(plane), plane.push()
    put = plane.put_fault("blog", InjectedFault(40, delay_ms=800))
    assert put["api-gateway"] != versions["api-gateway"]
    assert '"fixed_delay": "0.8s"' in _routes(plane)
    assert plane.clear_faults() == versions
    assert _routes(plane) == before


def test_a_fault_that_cannot_be_rendered_is_not_kept(plane: ControlPlane) -> None:
    with pytest.raises(UsageError, match="nobody"):
        plane.put_fault("nobody", InjectedFault(40, delay_ms=800))
    assert plane.faults.read() == {}


def test_a_later_command_knows_the_addresses_of_the_last_push(plane: ControlPlane) -> None:
    assert ControlPlane.of_running(plane.instance).external == EXTERNAL


def test_the_command_says_that_no_proxy_runs(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(plane.instance.state))
    # Ports on which nobody of this machine listens.
    monkeypatch.setenv("TITANIUM_PORT_BASE", "23399")
    assert main(["fault", "apply", "blog", "--abort", "503"]) == EXIT_CANNOT_DECIDE


def test_the_command_needs_a_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITANIUM_STATE", str(tmp_path))
    assert main(["fault", "list"]) == EXIT_USAGE


def test_the_rotator_renews_short_lived_certificates_and_ends_when_told(plane: ControlPlane) -> None:
    store = store_of(plane.instance.mesh, "blog")
    command = [sys.executable, "-m", "workbench.mesh.local.rotator", str(plane.instance.mesh), "4"]
    # Due within two seconds: half of the four that this one lives.
    store.rotate(load_or_create(authority_folder(plane.instance.mesh)), store.principal, timedelta(seconds=4))
    before = store.certificate()
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 20
        while store.certificate() == before:
            assert time.monotonic() < deadline, "no new certificate within 20 s"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "new certificate: blog" in out
