"""Evidence that is read again: the verdict follows from its numbers, and whoever changes one is found out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.test_evidence import document
from tests.unit.workbench.domain import given
from workbench.__main__ import main
from workbench.domain.gate import judge
from workbench.domain.observations import Counts
from workbench.gate.recheck import changed_since, contradictions
from workbench.reports.evidence import EVIDENCE_FILE, sealed, write_evidence

if TYPE_CHECKING:
    from pathlib import Path


def evidence(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a document
    observations = given.healthy()
    return {**document(observations, judge(observations)), **changed}


def test_what_the_gate_has_written_follows_from_its_numbers() -> None:
    assert list(contradictions(evidence())) == []


def test_a_changed_document_is_found_out() -> None:
    (sentence,) = contradictions(evidence(machine="another one"))
    assert "digest" in sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda slo: slo.update(bad=slo["bad"] + 500), "its counters say"),
        (lambda slo: slo["tally"].update(matched=slo["tally"]["matched"] + 400), "its counters say"),
        (lambda slo: slo.update(allowance=0.5), "does not allow"),
        (lambda slo: slo["interval"].update(high=0.0), "high end of the interval"),
        (lambda slo: slo.update(verdict="FAIL"), "says FAIL"),
    ],
)
def test_a_number_that_does_not_fit_is_named_even_when_the_digest_was_made_again(change: Any, said: str) -> None:  # noqa: ANN401
    forged = json.loads(json.dumps(evidence()))
    change(forged["slos"][0])
    assert any(said in sentence for sentence in contradictions(sealed(forged)))


def test_a_verdict_that_ignores_a_precondition_is_named() -> None:
    forged = json.loads(json.dumps(evidence()))
    forged["preconditions"][0]["holds"] = False
    assert list(contradictions(sealed(forged))) == ["the verdict says PASS, the numbers say INCONCLUSIVE"]


def test_an_slo_file_that_has_changed_since_is_named(tmp_path: Path) -> None:
    one = json.loads(json.dumps(evidence()))
    one["slos"] = one["slos"][:1]
    file = tmp_path / "slo.yaml"
    one["slos"][0]["file"] = str(file)
    assert ["is not here any more" in sentence for sentence in changed_since(one)] == [True]
    file.write_text("something else")
    assert ["another one than was judged" in sentence for sentence in changed_since(one)] == [True]


@pytest.mark.parametrize(("bad_rps", "code"), [(0.0, 0), (5.0, 1)])
def test_show_renders_again_and_exits_as_the_verdict_did(bad_rps: float, code: int, tmp_path: Path) -> None:
    counts = [Counts(given.criterion(), numerator=[given.counter(bad_rps)], total=[given.counter(100.0)])]
    observations = replace(given.healthy(), counts=counts)
    write_evidence(tmp_path, document(observations, judge(observations)))
    (tmp_path / "gate.html").unlink()

    assert main(["gate", "show", str(tmp_path)]) == code
    assert (tmp_path / "gate.html").is_file()
    assert main(["gate", "verify", str(tmp_path / EVIDENCE_FILE)]) == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "titanium.gate/v1"}', '{"schema": "titanium.gate/v2"}'])
def test_what_is_no_evidence_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / EVIDENCE_FILE).write_text(text)
    assert main(["gate", "verify", str(tmp_path)]) == 2
    assert EVIDENCE_FILE in capsys.readouterr().err
