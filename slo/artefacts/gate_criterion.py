"""What a gate demands of a run, and what it asks Prometheus for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slo.artefacts.judgement import counts
from slo.artefacts.load_target import load_target
from slo.objective import Objective, Ratio

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(objective: Objective) -> Iterator[str]:
    """Yield the criterion as JSON."""
    counted, every = counts(objective, "{{window}}")
    target = load_target(objective)
    criterion = {
        "slo": objective.name,
        "service": objective.service,
        "objective": f"{objective.share:f}",
        "allowance": f"{objective.allowance:f}",
        "method": objective.method,
        ("good" if _counts_good(objective) else "bad"): counted,
        "total": every,
        "needed": {"events": target.events, "seconds": target.duration_s, "rate": target.rate},
        "sha256": objective.sha256,
    }
    yield from json.dumps(criterion, indent=2).splitlines()


def _counts_good(objective: Objective) -> bool:
    return isinstance(objective.indicator, Ratio) and objective.indicator.numerator_is_good
