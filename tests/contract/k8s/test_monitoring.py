"""What a cluster gets to see itself by: restricted pods, narrow rights, configurations that the programs accept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.common.telemetry.registry import LogField
from workbench.platform import optional
from workbench.platform.backends import JAEGER_CONFIGURATION, LOKI_CONFIGURATION
from workbench.platform.instance import CHECKOUT

FOLDERS = ("k8s/monitoring", "k8s/monitoring/logs")
ALLOY = CHECKOUT / "k8s/monitoring/logs/alloy/config.alloy"


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    kubectl = Path(sys.executable).with_name("kubectl")
    found: list[dict[str, Any]] = []
    for folder in FOLDERS:
        command = [str(kubectl), "kustomize", folder]
        built = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60).stdout
        found += [dict(one) for one in YAML(typ="safe").load_all(built)]
    return found


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    kinds = {"Deployment", "StatefulSet"}
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in objects if one["kind"] in kinds}


def test_there_are_three_and_each_keeps_to_pod_security_restricted(objects: list[dict[str, Any]]) -> None:
    found = pods(objects)
    assert set(found) == {"jaeger", "loki", "alloy"}
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert ":" in container["image"]
            assert "memory" in container["resources"]["limits"]
        assert not any("hostPath" in volume for volume in pod.get("volumes", []))


def test_configurations_reach_the_pods_under_the_names_that_they_are_mounted_by(objects: list[dict[str, Any]]) -> None:
    maps = {one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"}
    mounted = {
        volume["configMap"]["name"]
        for pod in pods(objects).values()
        for volume in pod["volumes"]
        if "configMap" in volume
    }
    (rules,) = mounted - maps
    generated = YAML(typ="safe").load(CHECKOUT / "alerts/generated/kubernetes/loki-rules.yaml")
    assert generated["metadata"] == {**generated["metadata"], "name": rules, "namespace": "monitoring"}
    assert maps <= mounted


def test_only_logs_may_be_read_and_only_where_services_run(objects: list[dict[str, Any]]) -> None:
    roles = {one["metadata"]["namespace"]: one["rules"] for one in objects if one["kind"] == "Role"}
    assert set(roles) == {"titanium-prod", "istio-ingress"}
    wanted = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}]
    assert all(rules == wanted for rules in roles.values())
    assert not any(one["kind"].startswith("Cluster") for one in objects)
    assert all(f'"{namespace}"' in ALLOY.read_text() for namespace in roles)


def test_the_shipper_lifts_the_ids_that_the_services_write() -> None:
    text = ALLOY.read_text()
    _, _, metadata = text.partition("stage.structured_metadata")
    for field in (LogField.REQUEST_ID, LogField.TRACE_ID, LogField.SPAN_ID, LogField.LEVEL):
        assert f"{field.value} " in metadata or f"{field.value}  " in metadata


def _built(component: optional.Component) -> str:
    found = optional.find(component, CHECKOUT / ".titanium" / "bin")
    if found is None:
        pytest.skip(f"there is no {component.name} on this machine: {component.way}")
    return str(found)


def test_loki_accepts_its_configuration(tmp_path: Path) -> None:
    command = [_built(optional.LOKI), f"-config.file={CHECKOUT / LOKI_CONFIGURATION}"]
    variables = {**os.environ, "LOKI_FOLDER": str(tmp_path)}
    accepted = subprocess.run(
        [*command, "-config.expand-env=true", "-verify-config"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr


def test_jaeger_accepts_its_configuration_and_refuses_a_field_that_it_does_not_know(tmp_path: Path) -> None:
    text = (CHECKOUT / JAEGER_CONFIGURATION).read_text()
    program, broken = _built(optional.JAEGER), tmp_path / "broken.yaml"
    broken.write_text(text.replace("decision_wait:", "decision_weight:"))
    codes = [
        subprocess.run(
            [program, "validate", "--config", str(file)], capture_output=True, check=False, timeout=60
        ).returncode
        for file in (CHECKOUT / JAEGER_CONFIGURATION, broken)
    ]
    assert codes[0] == 0
    assert codes[1] != 0
