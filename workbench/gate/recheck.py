"""Computes a verdict once more from the numbers in its evidence, and says where the document contradicts itself."""

from __future__ import annotations

import math
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.domain.gate import Tally
from workbench.domain.verdict import Verdict, judge_share, overall
from workbench.domain.wilson import wilson
from workbench.reports.evidence import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLOSE: Final = 1e-9


def contradictions(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything in the document that does not follow from its own numbers."""
    if digest(document) != document["sha256"]:
        yield "the document was changed after it was written: its digest is another one"
    z = float(document["confidence"]["z"])
    verdicts = []
    for slo in document["slos"]:
        yield from _of_objective(slo, z)
        verdicts.append(judge_share(int(slo["bad"]), int(slo["total"]), float(slo["allowance"]), z=z))
    trusted = all(one["holds"] for one in document["preconditions"])
    again = overall(verdicts, trusted=trusted)
    if again is not Verdict(document["verdict"]):
        yield f"the verdict says {document['verdict']}, the numbers say {again}"


def changed_since(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the SLO files that are not those the verdict was about."""
    for slo in document["slos"]:
        file = Path(slo["file"])
        if not file.is_file():
            yield f"{slo['name']}: {file} is not here any more"
        elif sha256(file.read_bytes()).hexdigest() != slo["sha256"]:
            yield f"{slo['name']}: {file} is another one than was judged"


def _of_objective(slo: Mapping[str, Any], z: float) -> Iterator[str]:
    name, tally = slo["name"], Tally(**slo["tally"])
    bad = tally.bad(numerator_is_good=slo["numerator"]["is_good"])
    if (bad, max(0, tally.total)) != (slo["bad"], slo["total"]):
        yield f"{name}: says {slo['bad']} bad of {slo['total']}, its counters say {bad} of {tally.total}"
    if not math.isclose(1 - float(slo["objective"]), slo["allowance"], abs_tol=_CLOSE):
        yield f"{name}: an objective of {slo['objective']} does not allow {slo['allowance']:g}"
    interval = wilson(int(slo["bad"]), int(slo["total"]), z=z)
    for end, value in (("low", interval.low), ("high", interval.high)):
        if not math.isclose(slo["interval"][end], value, rel_tol=_CLOSE, abs_tol=_CLOSE):
            yield f"{name}: the {end} end of the interval is {value:.6g}, not {slo['interval'][end]:.6g}"
    verdict = judge_share(int(slo["bad"]), int(slo["total"]), float(slo["allowance"]), z=z)
    if verdict is not Verdict(slo["verdict"]):
        yield f"{name}: says {slo['verdict']}, the numbers say {verdict}"
