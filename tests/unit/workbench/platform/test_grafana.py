"""A Grafana on this machine: found or not, provisioned, on loopback, for looking only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dashboards.grafana.provisioning import Addresses, datasources
from workbench.errors import UsageError
from workbench.platform import grafana
from workbench.platform.instance import Instance

if TYPE_CHECKING:
    from pathlib import Path


def release(folder: Path, name: str = "grafana") -> Path:
    """A folder that looks like an unpacked release."""
    program = folder / "bin" / name
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return folder


def test_a_release_is_found_by_its_folder(tmp_path: Path) -> None:
    found = grafana.find({"GRAFANA_HOME": str(release(tmp_path)), "PATH": ""})
    assert found == grafana.Found(tmp_path / "bin" / "grafana", tmp_path)


def test_without_one_there_is_none(tmp_path: Path) -> None:
    assert grafana.find({"PATH": str(tmp_path)}) is None


def test_a_folder_without_one_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no bin/grafana"):
        grafana.find({"GRAFANA_HOME": str(tmp_path)})


@pytest.mark.parametrize(("name", "words"), [("grafana", ["server"]), ("grafana-server", [])])
def test_it_listens_on_loopback_and_lets_everybody_look(name: str, words: list[str], tmp_path: Path) -> None:
    instance = Instance.from_environment({"TITANIUM_STATE": str(tmp_path / "state"), "TITANIUM_PORT_BASE": "22000"})
    found = grafana.find({"GRAFANA_HOME": str(release(tmp_path / "home", name))})
    assert found is not None
    started = grafana.program(instance, found)
    assert list(started.argv[1:]) == [*words, "--homepath", str(tmp_path / "home")]
    assert started.environment["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert started.environment["GF_SERVER_HTTP_PORT"] == "22064"
    assert started.environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def provisioned(tmp_path: Path, *, loki: bool, jaeger: bool) -> dict[str, dict[str, Any]]:
    instance = Instance.from_environment({"TITANIUM_STATE": str(tmp_path), "TITANIUM_PORT_BASE": "22000"})
    grafana.write_files(instance, loki=loki, jaeger=jaeger)
    file = tmp_path / "grafana" / "provisioning" / "datasources" / "titanium.yaml"
    return {source["uid"]: source for source in yaml.safe_load(file.read_text())["datasources"]}


def test_one_finding_leads_to_the_next(tmp_path: Path) -> None:
    sources = provisioned(tmp_path, loki=True, jaeger=True)
    assert sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"] == [
        {"name": "trace_id", "datasourceUid": "jaeger"}
    ]
    assert sources["jaeger"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] == "loki"
    assert sources["jaeger"]["jsonData"]["tracesToMetrics"]["datasourceUid"] == "prometheus"
    assert sources["loki"]["jsonData"]["derivedFields"][0]["datasourceUid"] == "jaeger"
    assert all(source["url"].startswith("http://127.0.0.1:22") for source in sources.values())


def test_nothing_leads_to_what_is_not_there(tmp_path: Path) -> None:
    sources = provisioned(tmp_path, loki=True, jaeger=False)
    assert sources.keys() == {"prometheus", "alertmanager", "loki"}
    assert "jaeger" not in str(sources)


def test_dashboards_name_the_sources_by_the_types_that_their_uids_are() -> None:
    every = datasources(Addresses("http://p", "http://a", "http://l", "http://j"), scrape_interval_s=2)
    assert all(source["uid"] == source["type"] for source in every)
    assert [source["uid"] for source in every if source.get("isDefault")] == ["prometheus"]
