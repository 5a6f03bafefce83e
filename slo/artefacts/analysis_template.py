"""An `AnalysisTemplate` of Argo Rollouts: the gate's verdict on a canary's own traffic.

Both conditions are given, and both ask for a value: an analysis without a failure condition takes everything that is no
success for a failure, one without a success condition the other way round, and `all()` of nothing is true. No data,
and values that are not numbers, are Inconclusive, which pauses the rollout for a person.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from slo.artefacts.judgement import score
from slo.artefacts.load_target import load_target
from slo.artefacts.prometheus_rule import resource_name
from slo.objective import Objective, Ratio
from slo.power import Z

if TYPE_CHECKING:
    from collections.abc import Iterator

SUCCESS: Final = f"len(result) > 0 && all(result, # < -{Z})"
FAILURE: Final = f"len(result) > 0 && any(result, # > {Z})"
_ISTIO: Final = "istio_"


def analysis_template(objective: Objective) -> Iterator[str]:
    """Yield the lines of the resource."""
    target = load_target(objective)
    canary = _is_istio(objective)
    yield "apiVersion: argoproj.io/v1alpha1"
    yield "kind: AnalysisTemplate"
    yield "metadata:"
    yield f"  name: {resource_name(objective)}"
    yield "spec:"
    yield "  args:"
    yield "    - { name: prometheus, value: http://prometheus.monitoring.svc.cluster.local:9090 }"
    yield f"    - {{ name: window, value: {_window(target.duration_s)} }}"
    if canary:
        yield "    # The version under judgement, as its pods' label `version` says; all versions by default."
        yield '    - { name: version, value: ".*" }'
    yield "  metrics:"
    yield f"    - name: {objective.name}"
    yield f"      initialDelay: {_window(target.duration_s)}"
    yield "      interval: 1m"
    yield "      count: 1"
    yield "      failureLimit: 0"
    yield "      inconclusiveLimit: 0"
    yield "      consecutiveErrorLimit: 3"
    yield f"      successCondition: {json.dumps(SUCCESS)}"
    yield f"      failureCondition: {json.dumps(FAILURE)}"
    yield "      provider:"
    yield "        prometheus:"
    yield '          address: "{{args.prometheus}}"'
    yield "          # How far the bad events are from what is allowed, in standard errors: see docs/slo.md."
    yield "          query: >-"
    matchers = 'destination_version=~"{{args.version}}"' if canary else ""
    yield f"            {score(objective, '{{args.window}}', matchers)}"


def _is_istio(objective: Objective) -> bool:
    indicator = objective.indicator
    return isinstance(indicator, Ratio) and all(
        query.selector is not None and query.selector.metric.startswith(_ISTIO) for query in indicator.queries
    )


def _window(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes}m"
