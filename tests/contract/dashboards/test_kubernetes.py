"""The cluster gets the same dashboards: for Grafana's sidecar and for the operator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from workbench.dashboards.files import GENERATED


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def test_every_dashboard_is_a_config_map_with_the_same_bytes() -> None:
    uids = {file.stem for file in GENERATED.glob("*.json")}
    assert {file.stem for file in (GENERATED / "kubernetes").glob("*.yaml")} == uids | {"datasources"}
    for uid in uids:
        config_map, resource = documents(GENERATED / "kubernetes" / f"{uid}.yaml")
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert config_map["data"][f"{uid}.json"] == (GENERATED / f"{uid}.json").read_text()
        assert json.loads(config_map["data"][f"{uid}.json"])["uid"] == uid
        assert resource["spec"]["configMapRef"] == {"name": config_map["metadata"]["name"], "key": f"{uid}.json"}
        # The limit of a ConfigMap is a mebibyte.
        assert len(config_map["data"][f"{uid}.json"]) < 900_000


def test_data_sources_have_the_uids_that_links_rely_on() -> None:
    found = documents(GENERATED / "kubernetes" / "datasources.yaml")
    assert {one["spec"]["uid"] for one in found if one["kind"] == "GrafanaDatasource"} == {
        *("prometheus", "alertmanager", "loki", "jaeger"),
    }


def test_kubectl_reads_the_config_maps() -> None:
    """Client side: kubectl knows ConfigMaps without a cluster."""
    kubectl = Path(sys.executable).with_name("kubectl")
    for file in sorted((GENERATED / "kubernetes").glob("*.yaml")):
        for one in (one for one in documents(file) if one["kind"] == "ConfigMap"):
            done = subprocess.run(
                [kubectl, "label", "--local", "-f", "-", "checked=yes", "-o", "name"],
                input=yaml.safe_dump(one),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
