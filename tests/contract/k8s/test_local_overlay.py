"""The manifests that a cluster gets: restricted pods, unexposed management ports, and a mesh that can be run here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from workbench.mesh.loader import load_texts
from workbench.mesh.local.mesh import store_of, write_mesh
from workbench.mesh.local.placement import Placement
from workbench.platform.components import envoy_path
from workbench.platform.ports import Ports

if TYPE_CHECKING:
    from workbench.mesh.model import Resources

CHECKOUT = Path(__file__).parents[3]
SERVICES = ("api-gateway", "auth", "user", "blog")
MANAGEMENT_PORT = 9000
# Who may call whom: everything else is refused.
CALLERS = {
    "api-gateway": {"cluster.local/ns/istio-ingress/sa/istio-ingressgateway"},
    "auth": {"cluster.local/ns/titanium-prod/sa/api-gateway"},
    "user": {"cluster.local/ns/titanium-prod/sa/api-gateway", "cluster.local/ns/titanium-prod/sa/auth"},
    "blog": {"cluster.local/ns/titanium-prod/sa/api-gateway"},
}


@pytest.fixture(scope="module")
def built() -> str:
    kubectl = Path(sys.executable).with_name("kubectl")
    command = [str(kubectl), "kustomize", "k8s/overlays/local"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def objects(built: str) -> list[dict[str, Any]]:
    return [dict(one) for one in YAML(typ="safe").load_all(built)]


@pytest.fixture(scope="module")
def resources(built: str) -> Resources:
    return load_texts([("k8s/overlays/local", built)])


def _of(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


def test_objects_say_which_file_they_come_from(objects: list[dict[str, Any]]) -> None:
    assert all("config.kubernetes.io/origin" in one["metadata"].get("annotations", {}) for one in objects)


@pytest.mark.parametrize("name", SERVICES)
def test_pods_keep_to_pod_security_restricted(objects: list[dict[str, Any]], name: str) -> None:
    pod = _of(objects, "Deployment", name)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"] + pod.get("initContainers", []):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("name", SERVICES)
def test_the_management_port_is_probed_and_exposed_by_no_service(objects: list[dict[str, Any]], name: str) -> None:
    (container,) = _of(objects, "Deployment", name)["spec"]["template"]["spec"]["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert ports["management"] == MANAGEMENT_PORT
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "management"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "management"}
    (port,) = _of(objects, "Service", name)["spec"]["ports"]
    assert port == {"name": "http", "port": 80, "targetPort": "http"}


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_data_stores_have_no_sidecar(objects: list[dict[str, Any]], name: str) -> None:
    labels = _of(objects, "StatefulSet", name)["spec"]["template"]["metadata"]["labels"]
    assert labels["sidecar.istio.io/inject"] == "false"


def test_only_the_named_callers_are_let_in(objects: list[dict[str, Any]]) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "AuthorizationPolicy"}
    assert policies.pop("default") == {}
    found = {
        name: {p for rule in spec["rules"] for one in rule["from"] for p in one["source"]["principals"]}
        for name, spec in policies.items()
    }
    assert found == CALLERS
    assert {name: spec["selector"]["matchLabels"]["app"] for name, spec in policies.items()} == {n: n for n in CALLERS}


def test_idle_connections_end_before_the_services_close_them(objects: list[dict[str, Any]]) -> None:
    rules = [one["spec"] for one in objects if one["kind"] == "DestinationRule"]
    assert {one["host"] for one in rules} == set(SERVICES)
    assert {one["trafficPolicy"]["connectionPool"]["http"]["idleTimeout"] for one in rules} == {"30s"}
    assert all("outlierDetection" in one["trafficPolicy"] for one in rules)


def test_every_route_has_a_timeout_and_says_what_it_retries(objects: list[dict[str, Any]]) -> None:
    rules = [one["spec"] for one in objects if one["kind"] == "VirtualService"]
    routes = [route for rule in rules for route in rule["http"]]
    assert len(rules) >= 4
    assert all("timeout" in route and "retryOn" in route["retries"] for route in routes)


@pytest.fixture(scope="module")
def written(resources: Resources, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mesh")
    write_mesh(resources, Placement(Ports(23300)), folder, envoy=envoy_path())
    return folder


@pytest.mark.parametrize("name", ["istio-ingressgateway", *SERVICES])
def test_envoy_accepts_what_is_written_for_the_proxy(written: Path, name: str, tmp_path: Path) -> None:
    assert _complaint(_complete(written, name), tmp_path) == ""


def test_envoy_refuses_a_broken_label(written: Path, tmp_path: Path) -> None:
    broken = json.dumps(_complete(written, "blog")).replace("%CEL(", "%CEL((", 1)
    assert "uri_san" in _complaint(json.loads(broken), tmp_path)


def test_writing_the_same_again_touches_no_file(resources: Resources, written: Path) -> None:
    """A rename makes Envoy read a file again: without a change there must be none."""
    before = {path: path.stat().st_ino for path in written.rglob("*.json")}
    write_mesh(resources, Placement(Ports(23300)), written, envoy=envoy_path())
    assert {path: path.stat().st_ino for path in written.rglob("*.json")} == before


def _complete(written: Path, name: str) -> dict[str, Any]:
    """Put listeners and clusters into the bootstrap: Envoy validates what stands there, not what it would discover."""
    store = store_of(written, name)
    bootstrap: dict[str, Any] = json.loads(store.bootstrap.read_text())
    del bootstrap["dynamic_resources"]
    own = bootstrap["static_resources"]
    own["listeners"] += _resources(store.files.path("lds", "listeners"))
    own["clusters"] += _resources(store.files.path("cds", "clusters"))
    return bootstrap


def _resources(file: Path) -> list[dict[str, Any]]:
    messages = json.loads(file.read_text())["resources"]
    return [{key: value for key, value in one.items() if key != "@type"} for one in messages]


def _complaint(bootstrap: dict[str, Any], folder: Path) -> str:
    file = folder / "bootstrap.json"
    file.write_text(json.dumps(bootstrap))
    flags = ["--mode", "validate", "--disable-hot-restart", "-l", "error", "--component-log-level", "misc:off"]
    done = subprocess.run(
        [str(envoy_path()), *flags, "-c", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    return "" if done.returncode == 0 else done.stderr


def _managers(folder: Path, name: str) -> list[dict[str, Any]]:
    document = json.loads(store_of(folder, name).files.path("lds", "listeners").read_text())
    chains = [chain for listener in document["resources"] for chain in listener["filter_chains"]]
    filters = [one for chain in chains for one in chain["filters"]]
    return [one["typed_config"] for one in filters if one["name"].endswith("http_connection_manager")]


@pytest.mark.parametrize("name", ["istio-ingressgateway", *SERVICES])
def test_with_jaeger_every_proxy_sends_spans_to_it_and_envoy_accepts_that(
    resources: Resources, name: str, tmp_path: Path
) -> None:
    placement = Placement(Ports(23300), {"jaeger": ("127.0.0.1", 23361)})
    write_mesh(resources, placement, tmp_path, envoy=envoy_path())
    managers = _managers(tmp_path, name)
    assert managers
    for manager in managers:
        assert manager["tracing"]["random_sampling"] == {"value": 100.0}
        export = manager["tracing"]["provider"]["typed_config"]["http_service"]["http_uri"]
        assert export["uri"] == "jaeger.monitoring.svc.cluster.local/v1/traces"
        assert export["timeout"] == "1s"
    clusters = json.loads(store_of(tmp_path, name).files.path("cds", "clusters").read_text())["resources"]
    (collector,) = [one for one in clusters if one["name"] == export["cluster"]]
    (end,) = collector["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert end["endpoint"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 23361}
    command = [str(envoy_path()), "--mode", "validate", "--disable-hot-restart", "-l", "error"]
    bootstrap = store_of(tmp_path, name).bootstrap
    accepted = subprocess.run([*command, "-c", str(bootstrap)], capture_output=True, text=True, check=False, timeout=60)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr


@pytest.mark.parametrize("name", ["istio-ingressgateway", *SERVICES])
def test_without_jaeger_no_proxy_sends_spans_anywhere(written: Path, name: str) -> None:
    assert all("provider" not in manager["tracing"] for manager in _managers(written, name))


@pytest.mark.parametrize("name", ["istio-ingressgateway", *SERVICES])
def test_every_route_configuration_that_is_written_is_asked_for_by_a_listener(written: Path, name: str) -> None:
    asked = {manager["rds"]["route_config_name"] for manager in _managers(written, name) if "rds" in manager}
    folder = store_of(written, name).files.path("rds", "x").parent
    files = {store_of(written, name).files.path("rds", one).name for one in asked}
    assert {file.name for file in folder.glob("*.json")} == files
