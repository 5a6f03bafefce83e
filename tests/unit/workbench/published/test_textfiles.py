"""What the dashboards get to know of load, verdicts and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from chaos.load.fleet import Progress
from chaos.load.plan import LoadPlan
from chaos.load.target import parse_target
from workbench.mesh.local.faults import InjectedFault
from workbench.published import textfiles

if TYPE_CHECKING:
    from pathlib import Path

PLAN = LoadPlan(target=parse_target("http://127.0.0.1:1", host_header=None, own=False), rate_rps=80)


def published(folder: Path) -> dict[tuple[str, str], float]:
    """Every sample by its name and its labels' values."""
    return {
        (sample.name, " ".join(sorted(sample.labels.values()))): sample.value
        for file in folder.glob("*.prom")
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8"))
        for sample in family.samples
    }


def a_progress(**changed: float | None) -> Progress:
    known = {"elapsed_s": 3.0, "started": 240, "failed": 2, "dropped": 0, "in_flight": 4, "recent_p95_ms": 12.0}
    return Progress(**{**known, "recent_lag_p99_ms": 1.5, **changed})  # type: ignore[arg-type]  # a test's shorthand


def test_a_run_is_published_while_it_goes_on_and_not_after_it(tmp_path: Path) -> None:
    textfiles.load(tmp_path, PLAN, a_progress())
    assert published(tmp_path) == {
        ("titanium_load_target_rate", ""): 80,
        ("titanium_load_started_total", ""): 240,
        ("titanium_load_failed_total", ""): 2,
        ("titanium_load_in_flight", ""): 4,
        ("titanium_load_p95_seconds", ""): 0.012,
        ("titanium_load_dispatcher_lag_seconds", ""): 0.0015,
    }
    textfiles.load_ended(tmp_path)
    assert published(tmp_path) == {}


def test_what_is_not_known_in_a_second_is_left_out(tmp_path: Path) -> None:
    textfiles.load(tmp_path, PLAN, a_progress(recent_p95_ms=None, recent_lag_p99_ms=None))
    assert ("titanium_load_p95_seconds", "") not in published(tmp_path)


def test_faults_are_published_by_service_and_kind_and_end(tmp_path: Path) -> None:
    textfiles.faults(tmp_path, {"blog": InjectedFault(percent=40, delay_ms=800)})
    assert published(tmp_path) == {("titanium_fault_percent", "blog delay"): 40}
    textfiles.faults(tmp_path, {})
    assert published(tmp_path) == {}


def test_a_folder_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    textfiles.faults(tmp_path / "file", {"blog": InjectedFault(percent=40, delay_ms=800)})
    assert (tmp_path / "file").read_text() == "in the way"
