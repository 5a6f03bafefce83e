"""What the laboratory decides without touching the machine."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import pytest

from chaos.load.result import SAMPLES_COLUMNS
from workbench.bench.lab import group_of, read_latencies, stopped_for
from workbench.bench.variants import BARE, EVERYTHING, MESH_ONLY, TELEMETRY_ONLY, Variant

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = {"api-gateway", "auth", "user", "blog"}
MESH = {"ingress", "api-gateway-sidecar", "auth-sidecar", "user-sidecar", "blog-sidecar", "certificates"}
MONITORING = {"prometheus", "alertmanager"}
STORES = {"postgres", "valkey"}


@pytest.mark.parametrize(
    ("variant", "stopped"),
    [
        (EVERYTHING, SERVICES),
        (MESH_ONLY, SERVICES | MONITORING),
        (TELEMETRY_ONLY, SERVICES | MESH),
        (BARE, SERVICES | MESH | MONITORING),
    ],
)
def test_a_variant_stops_what_it_does_without_and_the_services_it_replaces(variant: Variant, stopped: set[str]) -> None:
    assert stopped_for(variant, SERVICES | MESH | MONITORING | STORES) == stopped


def test_every_program_of_the_platform_belongs_to_one_group() -> None:
    groups = {name: group_of(name) for name in SERVICES | MESH | MONITORING | STORES | {"supervisord"}}
    assert {groups[name] for name in SERVICES} == {"services"}
    assert {groups[name] for name in MESH} == {"mesh"}
    assert {groups[name] for name in MONITORING} == {"monitoring"}
    assert {groups[name] for name in STORES} == {"PostgreSQL and Valkey"}
    assert groups["supervisord"] == "supervisord"


def test_only_reading_requests_are_compared_with_the_referee(tmp_path: Path) -> None:
    file = tmp_path / "samples.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(SAMPLES_COLUMNS)
        rows.writerow([1.0, 30.0, "open a post", 1, ""])
        rows.writerow([1.1, 900.0, "log in", 1, ""])
        rows.writerow([1.2, 10.0, "open a post", 1, ""])
    assert read_latencies(file) == [10.0, 30.0]
