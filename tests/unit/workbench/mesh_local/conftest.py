"""A small mesh, projected: one gateway, two sidecars, one server without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.loader import load_texts
from workbench.mesh.local.files import Files
from workbench.mesh.local.mesh import mesh_config
from workbench.mesh.local.placement import Placement
from workbench.mesh.local.projection import LocalConfig, project
from workbench.mesh.render import proxies_of, render
from workbench.platform.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.mesh.model import Resources

_WORKLOAD = """
---
apiVersion: apps/v1
kind: {kind}
metadata: {{ name: {name}, namespace: titanium-prod }}
spec: {{ template: {{ metadata: {{ labels: {{ app: {app}, version: {version}{labels} }} }},
        spec: {{ serviceAccountName: {app} }} }} }}
"""
_SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {{ name: {name}, namespace: titanium-prod }}
spec: {{ selector: {{ app: {name} }}, ports: [{{ name: {port_name}, port: {port}, targetPort: {target} }}] }}
"""
_REST = """
---
apiVersion: v1
kind: Namespace
metadata: { name: titanium-prod, labels: { istio-injection: enabled } }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: titanium-prod }
spec: { mtls: { mode: STRICT } }
"""


def workload(name: str, *, app: str = "", version: str = "v1", kind: str = "Deployment", labels: str = "") -> str:
    return _WORKLOAD.format(name=name, app=app or name, version=version, kind=kind, labels=labels)


def service(name: str, *, port: int = 80, port_name: str = "http", target: int = 8000) -> str:
    return _SERVICE.format(name=name, port=port, port_name=port_name, target=target)


SMALL = (
    _REST
    + workload("blog")
    + workload("user")
    + workload("postgres", kind="StatefulSet", labels=', sidecar.istio.io/inject: "false"')
    + service("blog")
    + service("user")
    + service("postgres", port=5432, port_name="tcp-postgres", target=5432)
)


@pytest.fixture
def projected(tmp_path: Path) -> Callable[..., LocalConfig]:
    """Return a function: YAML added to the small mesh, and a workload → its projected configuration."""

    def of(extra: str = "", name: str = "blog", base: str = SMALL) -> LocalConfig:
        return _project(load_texts([("mesh.yaml", base + extra)]), name, tmp_path)

    return of


def _project(resources: Resources, name: str, folder: Path) -> LocalConfig:
    proxies = proxies_of(resources)
    proxy = next(one for one in proxies if one.workload.name == name)
    return project(
        proxy,
        render(resources, proxy, mesh=mesh_config()),
        placement=Placement(Ports(21000)),
        files=Files(folder),
        peers=tuple(one.workload for one in proxies),
    )
