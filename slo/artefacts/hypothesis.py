"""A steady-state hypothesis of Chaos Toolkit: the objective holds, by the same arithmetic as the gate's.

The probe tolerates what is not shown to be missed, and only where there is traffic: without events the score is not a
number and compares false, without a target the answer is empty and has no value that the tolerance could accept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from slo.artefacts.judgement import score
from slo.power import Z

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.objective import Objective

WINDOW: Final = "1m"


def hypothesis(objective: Objective) -> dict[str, object]:
    """Return the hypothesis; `prometheus_url` is to be given in the experiment's configuration."""
    probe = {
        "type": "probe",
        "name": f"{objective.name}-holds",
        "tolerance": {
            "type": "jsonpath",
            "path": "$.data.result[*].value[1]",
            "expect": ["1"],
            "target": "body",
        },
        "provider": {
            "type": "http",
            "url": "${prometheus_url}/api/v1/query",
            "timeout": 5,
            "arguments": {"query": f"{score(objective, WINDOW)} <= bool {Z}"},
        },
    }
    return {"title": objective.display_name, "probes": [probe]}


def lines(objective: Objective) -> Iterator[str]:
    """Yield the hypothesis as JSON."""
    yield from json.dumps(hypothesis(objective), indent=2).splitlines()
