"""The rendered configuration in the recording's shape, so that the two can be laid side by side."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.mesh.model import Endpoint, Json, ProxyConfig, Workload

_OTHER_SERVICES = re.compile(r"istio-ingressgateway")
"""Left out of the recording: services that are not the platform's (here, the gateway's own Service)."""

_HALVES = {"ingress": "both", "api-gateway": "outbound", "user": "outbound", "blog": "inbound"}


class RecordedAddresses:
    """The names that the recording has in place of addresses."""

    def pod_ip(self, workload: Workload) -> str:
        return f"POD_IP({workload.labels.get('app')}-{workload.labels.get('version')})"

    def cluster_ip(self, name: str, namespace: str) -> str:  # noqa: ARG002 -- the protocol's signature
        return f"CLUSTER_IP({name})"


def recorded_shape(proxy: str, config: ProxyConfig) -> Json:
    """Return what the recording would show of a proxy's configuration: its half, without other services."""
    half = _HALVES[proxy]
    inbound, outbound = half != "outbound", half != "inbound"
    return {
        "clusters": {
            name: cluster
            for name, cluster in config.clusters.items()
            if _ours(name) and (inbound if name.startswith("inbound|") else outbound)
        },
        "endpoints": {
            name: sorted((_endpoint(one) for one in endpoints), key=lambda one: json.dumps(one, sort_keys=True))
            for name, endpoints in config.endpoints.items()
            if _ours(name) and outbound
        },
        "listeners": {
            name: _listener(listener)
            for name, listener in config.listeners.items()
            if _ours(name) and (inbound if name == "virtualInbound" else outbound)
        },
        "routes": {name: _route(route) for name, route in config.routes.items() if outbound},
    }


def _ours(name: str) -> bool:
    return not _OTHER_SERVICES.search(name)


def _endpoint(one: Endpoint) -> Json:
    w = one.workload
    return {
        "address": {"address": one.address, "port_value": one.port},
        "tlsMode": "istio" if one.tls else None,
        "weight": one.weight,
        "workload": w and f"{w.name};{w.namespace};{w.canonical_service};{w.canonical_revision};Kubernetes",
    }


def _route(route: Json) -> Json:
    rest = {key: value for key, value in route.items() if key not in ("name", "virtual_hosts")}
    return {**rest, "virtual_hosts": {host["name"]: host for host in route["virtual_hosts"] if _ours(host["name"])}}


def _listener(listener: Json) -> Json:
    chains = [
        *listener["filter_chains"],
        *([listener["default_filter_chain"]] if "default_filter_chain" in listener else []),
    ]
    rest = {k: v for k, v in listener.items() if k not in ("name", "filter_chains", "default_filter_chain")}
    inbound = listener["name"] == "virtualInbound"
    return {**rest, "filter_chains": {_chain_key(chain): _chain(chain, inbound=inbound) for chain in chains}}


def _chain_key(chain: Json) -> str:
    return f"{chain.get('name', 'unnamed')} {json.dumps(chain.get('filter_chain_match', {}), sort_keys=True)}"


def _chain(chain: Json, *, inbound: bool) -> Json:
    match = chain.get("filter_chain_match", {})
    if inbound and "destination_port" not in match:
        return {"filter_chain_match": match, "transport_socket": chain.get("transport_socket", {}).get("name")}
    return chain
