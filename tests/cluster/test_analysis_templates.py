"""The generated AnalysisTemplates, run by a real Argo Rollouts controller against a real Prometheus.

The controller has to reach a Prometheus on this machine: that is so where it runs here, as a process of its own.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.integration.gate.test_gate_against_prometheus import (
    CLIENT_LABELS,
    WINDOW_S,
    Played,
    RealPrometheus,
    exporting,
    pass_a_window,
    watching,
)
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.conftest import Cluster

TEMPLATES = CHECKOUT / "slo" / "generated" / "argo-rollouts"
DEADLINE_S = 90.0
DONE = {"Successful", "Failed", "Inconclusive", "Error"}
VERSION = 'destination_version="v2"'


@dataclass
class Canary(Played):
    """An ingress that counts the requests of a new version; a share of them is answered with 500."""

    bad_share: float = 0.0
    silent: bool = False

    def page(self, reporter: str) -> str:
        if self.silent:
            return "up_and_silent 1\n"
        count = round(self.rate * (time.time() - self.started))
        bad = round(count * self.bad_share)
        labels = f'reporter="{reporter}",{CLIENT_LABELS},{VERSION}'
        return (
            f'istio_requests_total{{{labels},response_code="200"}} {count - bad}\n'
            f'istio_requests_total{{{labels},response_code="500"}} {bad}\n'
            f'istio_request_duration_milliseconds_bucket{{{labels},le="500"}} {count - bad}\n'
            f"istio_request_duration_milliseconds_count{{{labels}}} {count}\n"
        )


CANARIES = {
    "healthy": (Canary(), "Successful"),
    "failing": (Canary(bad_share=0.2), "Failed"),
    "at the limit": (Canary(bad_share=0.005, rate=100.0), "Inconclusive"),
    "without data": (Canary(silent=True), "Inconclusive"),
    "without traffic, which is 0 of 0 and no number": (Canary(rate=0.0), "Inconclusive"),
}


@contextmanager
def prometheus_of(canary: Canary, folder: Path) -> Iterator[RealPrometheus]:
    with ExitStack() as stack:
        played, port = stack.enter_context(exporting())
        # The exporter asks its world for each page: let it ask the canary.
        canary.started = played.started
        played.page = canary.page  # type: ignore[method-assign] # another world behind the same server
        real = stack.enter_context(watching(folder, port))
        pass_a_window(real)
        yield real


def analysis_run(template: str, address: str) -> dict[str, Any]:
    """An AnalysisRun of a generated template that begins at once; nothing else of it is changed."""
    written = YAML(typ="safe", pure=True).load((TEMPLATES / f"{template}.yaml").read_text(encoding="utf-8"))
    given = {"prometheus": address, "window": f"{WINDOW_S:.0f}s", "version": "v2"}
    args = [{"name": one["name"], "value": given.get(one["name"], one.get("value"))} for one in written["spec"]["args"]]
    metrics = [
        {key: value for key, value in one.items() if key != "initialDelay"} for one in written["spec"]["metrics"]
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {"name": template},
        "spec": {"args": args, "metrics": metrics},
    }


def phase_of(cluster: Cluster, name: str) -> dict[str, Any]:
    """The status of a run that has come to an end."""
    ends = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends:
        status: dict[str, Any] = cluster.get("analysisrun", name).get("status", {})
        if status.get("phase") in DONE:
            return status
        time.sleep(0.5)
    pytest.fail(f"the analysis {name} did not end: {cluster.get('analysisrun', name)}")


@pytest.mark.parametrize("what", CANARIES)
@pytest.mark.parametrize("template", ["gateway-availability", "gateway-latency"])
def test_an_analysis_ends_as_the_gate_would(what: str, template: str, cluster: Cluster, tmp_path: Path) -> None:
    canary, expected = CANARIES[what]
    if (what, template) == ("at the limit", "gateway-latency"):
        expected = "Successful"  # 0.5 % slow, where 5 % are allowed
    with prometheus_of(canary, tmp_path) as real:
        cluster.apply(analysis_run(template, real.url))
        status = phase_of(cluster, template)
    assert status["phase"] == expected, status


def test_every_generated_template_is_accepted_by_the_cluster(cluster: Cluster) -> None:
    for file in sorted(TEMPLATES.glob("*.yaml")):
        cluster.kubectl("apply", f"--filename={file}")
        assert cluster.get("analysistemplate", f"slo-{file.stem}")["spec"]["metrics"]
