"""Istio's official dashboards work on the local Prometheus: every panel shows data, or is empty as Istio's would be.

Judged are the questions of those dashboards as this project has written them down; with TITANIUM_ISTIO_DASHBOARDS (a
folder with the JSON files of an Istio release) the dashboards themselves, unchanged, in the same way.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.mesh.dashboards.grafana import Dashboard, expand, found_by, official, written_down
from tests.live.mesh.dashboards.population import HTTP_EDGES, INGRESS, NAMESPACE, REASONS, TCP_EDGES, why_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.mesh.dashboards.traffic import Observed


FOLDER = os.environ.get("TITANIUM_ISTIO_DASHBOARDS", "")
DASHBOARDS = [("as written down", name) for name in ("mesh", "service", "workload")]
if FOLDER:
    DASHBOARDS += [("official", name) for name in ("mesh", "service", "workload")]
SERVICES = {f"{destination}.{NAMESPACE}.svc.cluster.local" for _, destination in HTTP_EDGES | TCP_EDGES}
WORKLOADS = {end for edge in HTTP_EDGES | TCP_EDGES for end in edge}
# Any one, and both: what a person can pick as reporter.
PICKED = {"qrep": (["source"], ["destination"], ["source", "destination"])}


def dashboard(source: str, name: str) -> Dashboard:
    return (official(Path(FOLDER)) if source == "official" else written_down())[name]


def choices(board: Dashboard, observed: Observed) -> Iterator[dict[str, list[str]]]:
    """Every choice of service, namespace, workload and reporter that the dashboard offers; all of everything else."""

    def options(position: int, chosen: dict[str, list[str]]) -> Iterator[dict[str, list[str]]]:
        if position == len(board.variables):
            yield chosen
            return
        variable = board.variables[position]
        values = found_by(variable, observed.labels(expand(variable.query, chosen))) if variable.query else []
        single = variable.name in {"service", "namespace", "workload"}
        for picked in [[one] for one in values] if single else PICKED.get(variable.name, [values]):
            yield from options(position + 1, {**chosen, variable.name: picked})

    return options(0, {})


@pytest.mark.parametrize(("source", "name"), DASHBOARDS)
def test_every_panel_shows_data_or_is_empty_for_a_reviewed_reason(source: str, name: str, observed: Observed) -> None:
    board = dashboard(source, name)
    wrong: list[str] = []
    reasons: Counter[str | None] = Counter()
    for values, panel in product(choices(board, observed), board.panels):
        expression = expand(panel.expression, values)
        why = why_empty(expression)
        reasons[why] += 1
        if observed.has_values(expression) == (why is not None):
            wrong.append(f"{panel.title}: should be {f'empty ({why})' if why else 'there'}: {expression}")
    assert not wrong, f"{len(wrong)} of {reasons.total()}:\n" + "\n".join(wrong)
    assert reasons[None] > 0
    assert set(reasons) - {None} <= REASONS


def test_every_reviewed_reason_is_at_work(observed: Observed) -> None:
    seen = {
        why_empty(expand(panel.expression, values))
        for board in written_down().values()
        for values in choices(board, observed)
        for panel in board.panels
    }
    assert seen - {None} == REASONS


@pytest.mark.parametrize("source", sorted({source for source, _ in DASHBOARDS}))
def test_the_dashboards_offer_all_services_namespaces_and_workloads(source: str, observed: Observed) -> None:
    services = [values["service"][0] for values in choices(dashboard(source, "service"), observed)]
    assert set(services) == SERVICES
    chosen = [
        (values["namespace"][0], values["workload"][0]) for values in choices(dashboard(source, "workload"), observed)
    ]
    # The ingress namespace receives nothing from the mesh: only as a client is its workload seen, in its own namespace.
    assert set(chosen) == {(NAMESPACE, workload) for workload in WORKLOADS - {INGRESS[0]}}


@pytest.mark.parametrize("source", sorted({source for source, _ in DASHBOARDS}))
def test_a_services_clients_are_its_callers_in_the_mesh(source: str, observed: Observed) -> None:
    for values in choices(dashboard(source, "service"), observed):
        service = values["service"][0].split(".")[0]
        callers = {client for client, server in HTTP_EDGES if server == service}
        if "source" in values["qrep"]:
            callers |= {client for client, server in TCP_EDGES if server == service}
        assert set(values["srcwl"]) == callers
        assert set(values["dstwl"]) == ({service} if any(server == service for _, server in HTTP_EDGES) else set())
