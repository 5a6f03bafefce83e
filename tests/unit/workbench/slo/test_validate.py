"""`titanium slo validate`: the specification's mistakes are mistakes, the compiler's limits are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: { name: shop }
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicatorRef: nowhere
  objectives: [{ displayName: x, target: 0.99 }]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(SLO)
    return file


def test_a_reference_to_nothing_is_valid_and_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slo", "validate", str(file)]) == 0
    said = capsys.readouterr().out
    assert "1 documents are valid: 1 SLO" in said
    assert "titanium slo compile refuses" in said
    assert "'nowhere' is no SLI of these files" in said


def test_a_mistake_of_the_specification_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SLO.replace("Occurrences", "Sometimes"))
    assert main(["slo", "validate", str(file)]) == 2
    assert "shop.yaml:7: SLO shop: spec.budgetingMethod" in capsys.readouterr().err
