"""Real Envoys on loopback, started from the local mesh's own files; configuration can be changed while they run."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from workbench.adapters.envoy import EnvoyAdmin
from workbench.mesh.loader import load_texts
from workbench.mesh.local.mesh import store_of, write_mesh
from workbench.mesh.local.placement import Placement
from workbench.mesh.local.tcp_bytes import PROMETHEUS_NAMES
from workbench.platform.components import envoy_path
from workbench.platform.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workbench.mesh.model import Resources

PORTS = Ports(23300)
BASE = Path(__file__).with_name("base.yaml")
RUNNING = ("istio-ingressgateway", "api-gateway", "user", "blog")
HOST = "blog.titanium.example"
_SAMPLE = re.compile(r"^(?:envoy_istiocustom_)?(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
    """Return as soon as the condition is true; fail after the deadline."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.05)


@dataclass
class Lab:
    folder: Path
    envoys: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        placement = Placement(PORTS, {"postgres": ("127.0.0.1", PORTS.postgres)})
        written = write_mesh(self._resources(""), placement, self.folder, envoy=envoy_path())
        for process in written.processes:
            if process.name in RUNNING:
                with self.log(process.name).open("wb") as log:
                    self.envoys[process.name] = subprocess.Popen(process.argv, stdout=log, stderr=subprocess.STDOUT)
        for name in RUNNING:
            wait_until(self.admin(name).is_ready, f"{name} is ready: {self.log(name)}")

    def stop(self) -> None:
        for process in self.envoys.values():
            process.terminate()
        for process in self.envoys.values():
            process.wait(20)

    def configure(self, extra: str = "") -> None:
        """Add YAML to the base (nothing: only the base) and return when every proxy runs what was written."""
        placement = Placement(PORTS, {"postgres": ("127.0.0.1", PORTS.postgres)})
        written = write_mesh(self._resources(extra), placement, self.folder, envoy=envoy_path())
        for name in RUNNING:
            files = store_of(self.folder, name).files
            wanted = {
                f"{manager}.version_text": json.loads(files.path(kind, resource).read_text())["version_info"]
                for manager, kind, resource in (
                    ("cluster_manager.cds", "cds", "clusters"),
                    ("listener_manager.lds", "lds", "listeners"),
                )
            }
            self._wait_for_versions(name, wanted)
            self.admin(name).wait_for_routes(written.versions[name])

    def _wait_for_versions(self, name: str, wanted: dict[str, str]) -> None:
        wait_until(lambda: wanted.items() <= self.admin(name).versions().items(), f"{name} runs {wanted}")

    def admin(self, name: str) -> EnvoyAdmin:
        gateway = name == "istio-ingressgateway"
        return EnvoyAdmin(f"http://127.0.0.1:{PORTS.ingress_admin if gateway else PORTS.workload(name).admin}")

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def call(
        self,
        service: str,
        path: str,
        *,
        client: str = "api-gateway",
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
    ) -> httpx.Response:
        """Call a service through the client's sidecar, as its application does."""
        proxy = f"http://127.0.0.1:{PORTS.workload(client).outbound}"
        with httpx.Client(proxy=proxy, timeout=timeout, trust_env=False) as session:
            return session.get(f"http://{service}{path}", headers=headers)

    def from_outside(self, path: str) -> httpx.Response:
        """Call through the ingress gateway."""
        return httpx.get(f"http://127.0.0.1:{PORTS.ingress}{path}", headers={"Host": HOST}, timeout=10, trust_env=False)

    def access_log(self, name: str, marker: str) -> list[dict[str, Any]]:
        """Return the access log lines of a proxy whose path holds the marker."""
        lines = self.log(name).read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and marker in line]

    def samples(self, name: str, metric: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return a metric's samples at the proxy's metrics port, by labels in order; named as after the scrape."""
        gateway = name == "istio-ingressgateway"
        port = PORTS.ingress_stats if gateway else PORTS.workload(name).stats
        text = httpx.get(f"http://127.0.0.1:{port}/stats/prometheus", timeout=10, trust_env=False).text
        return {
            tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)): float(value)
            for found, labels, value in _SAMPLE.findall(text)
            if PROMETHEUS_NAMES.get(found, found) == metric
        }

    def marker(self) -> str:
        return f"m{uuid.uuid4().hex}"

    @staticmethod
    def _resources(extra: str) -> Resources:
        return load_texts([(str(BASE), BASE.read_text()), ("case.yaml", extra)])


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
