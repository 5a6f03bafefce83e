"""`titanium mesh`: what it prints, and its exit codes."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from workbench.commands import mesh
from workbench.mesh.errors import MeshConfigError

BASE = Path(__file__).parents[3] / "contract" / "mesh" / "istio_reference" / "base"


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    mesh.configure(parser)
    return mesh.run(parser.parse_args(words))


def test_check_lists_every_proxy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", str(BASE)) == 0
    printed = capsys.readouterr().out
    assert "titanium-prod/blog (sidecar):" in printed
    assert "istio-ingress/istio-ingressgateway (gateway):" in printed


def test_check_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO((BASE / "workloads.yaml").read_text()))
    assert run("check", "-") == 0


def test_check_warns_of_names_that_lead_nowhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: a }\nspec: { host: nowhere }\n"
    (tmp_path / "rule.yaml").write_text(rule)
    assert run("check", str(BASE), str(tmp_path)) == 0
    assert "rule.yaml:4: DestinationRule default/a: spec.host: there is no Service" in capsys.readouterr().err


def test_check_of_nothing_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(MeshConfigError, match="no workload here has a proxy"):
        run("check", str(tmp_path))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(MeshConfigError, match=r"nowhere\.yaml: no such file"):
        run("check", "nowhere.yaml")


def test_render_prints_one_proxy_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", str(BASE), "--workload", "blog", "-n", "titanium-prod") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["titanium-prod/blog"]
    endpoints = document["titanium-prod/blog"]["endpoints"]["outbound|80||blog.titanium-prod.svc.cluster.local"]
    assert [one["workload"] for one in endpoints] == ["blog", "blog-v2"]


def test_render_of_an_unknown_workload_says_which_there_are() -> None:
    with pytest.raises(MeshConfigError) as caught:
        run("render", str(BASE), "--workload", "blgo")
    assert "titanium-prod/blog" in caught.value.hint


def test_the_table_needs_its_cases(tmp_path: Path) -> None:
    with pytest.raises(MeshConfigError, match="no recorded cases"):
        run("table", "--reference", str(tmp_path))
