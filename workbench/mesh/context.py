"""What every part of the renderer is given: the proxy, and all that is known about the mesh around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.mesh.kinds.telemetry import MeshConfig
    from workbench.mesh.model import Addresses, Proxy, Resources
    from workbench.mesh.registry import Registry

ROOT_NAMESPACE = "istio-system"
"""Istio's root namespace: policies there apply to the whole mesh."""


@dataclass(frozen=True)
class Context:
    """One rendering: for whom, and from what."""

    proxy: Proxy
    resources: Resources
    registry: Registry
    mesh: MeshConfig
    addresses: Addresses
