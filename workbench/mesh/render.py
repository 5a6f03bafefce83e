"""The renderer: one pure function from what the YAML says to what one proxy is told.

`render(resources, proxy)` touches no file, no clock and no network; the same input gives the same output.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from workbench.mesh.clusters import render_fixed, render_inbound, render_outbound
from workbench.mesh.context import Context
from workbench.mesh.delegates import resolved
from workbench.mesh.gateways import render_gateway_listeners, render_gateway_routes
from workbench.mesh.inbound import render_inbound_listener
from workbench.mesh.kinds.telemetry import MeshConfig
from workbench.mesh.listeners import render_outbound_listeners
from workbench.mesh.model import Proxy, ProxyConfig, ProxyRole, SymbolicAddresses
from workbench.mesh.registry import Registry
from workbench.mesh.validation import validate
from workbench.mesh.virtual_hosts import render_sidecar_routes

if TYPE_CHECKING:
    from workbench.mesh.model import Addresses, Resources, Workload


def render(
    resources: Resources,
    proxy: Proxy,
    *,
    mesh: MeshConfig | None = None,
    addresses: Addresses | None = None,
) -> ProxyConfig:
    """Render one proxy's configuration.

    `addresses` says where workloads and services are; without it addresses are names, to be bound later.
    Raises MeshConfigError for what Istio refuses, UnsupportedError for what this renderer does not know.
    """
    validate(resources)
    resources = dataclasses.replace(resources, virtual_services=resolved(resources.virtual_services))
    context = Context(proxy, resources, Registry(resources), mesh or MeshConfig(), addresses or SymbolicAddresses())
    clusters, endpoints = render_outbound(context)
    clusters |= render_fixed(context)
    if proxy.role is ProxyRole.GATEWAY:
        return ProxyConfig(
            clusters=clusters,
            endpoints=endpoints,
            routes=render_gateway_routes(context),
            listeners=render_gateway_listeners(context),
        )
    return ProxyConfig(
        clusters=clusters | render_inbound(context),
        endpoints=endpoints,
        routes=render_sidecar_routes(context),
        listeners=render_outbound_listeners(context) | render_inbound_listener(context),
    )


def proxies_of(resources: Resources) -> list[Proxy]:
    """Return every proxy of the mesh: those of the workloads into which one is injected."""
    return [proxy_of(resources, workload) for workload in resources.workloads if workload.injected]


def proxy_of(resources: Resources, workload: Workload) -> Proxy:
    """Return the workload's proxy with its role: a gateway by template, or because a Gateway selects it."""
    selected = any(
        gateway.spec.selector.items() <= workload.labels.items()
        for gateway in resources.gateways
        if gateway.spec.selector
    )
    is_gateway = workload.is_gateway or selected
    return Proxy(workload, ProxyRole.GATEWAY if is_gateway else ProxyRole.SIDECAR)
