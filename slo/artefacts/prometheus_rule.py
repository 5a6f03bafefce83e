"""The rules as a `PrometheusRule` resource of the Prometheus operator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slo.rules.model import Group, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.objective import Objective


def prometheus_rule(objective: Objective, groups: list[Group]) -> Iterator[str]:
    """Yield the lines of the resource."""
    yield "apiVersion: monitoring.coreos.com/v1"
    yield "kind: PrometheusRule"
    yield "metadata:"
    yield f"  name: {resource_name(objective)}"
    yield f"  labels: {{ app.kubernetes.io/part-of: titanium, slo-service: {json.dumps(objective.service)} }}"
    yield "spec:"
    yield from lines(groups, indent="  ")


def resource_name(objective: Objective) -> str:
    """Return the name of the objective's resources in a cluster: Kubernetes takes dots, as in `api-0.99`."""
    return f"slo-{objective.name}"
