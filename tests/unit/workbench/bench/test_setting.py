"""What a benchmark says about where it ran."""

from pathlib import Path

from workbench.adapters.git import UNKNOWN, revision
from workbench.bench.plan import QUICK
from workbench.bench.setting import describe, processor

ROOT = Path(__file__).resolve().parents[4]


def test_the_setting_names_machine_versions_and_generator() -> None:
    setting = describe(ROOT, QUICK)
    assert setting.cpus >= 1
    assert setting.memory_gib > 0
    assert setting.quick
    assert setting.generator.startswith("locust (open loop) ")
    assert {"Envoy", "PostgreSQL", "Valkey", "Python"} <= setting.versions.keys()


def test_a_folder_that_is_no_checkout_has_no_revision(tmp_path: Path) -> None:
    assert revision(tmp_path) == UNKNOWN


def test_the_processor_is_named_once_and_not_per_core() -> None:
    assert processor("processor : 0\nmodel name\t: EPYC 9\n\nprocessor : 1\nmodel name\t: EPYC 9\n") == "EPYC 9"
    assert processor("CPU implementer : 0x41\n") == UNKNOWN
