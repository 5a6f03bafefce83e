"""The text of a new SLO file, with comments that say what each field means."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workbench.errors import UsageError


@dataclass(frozen=True)
class Answers:
    """What a person said. Of `bad` and `good` one is given."""

    name: str
    service: str
    total: str
    bad: str
    good: str
    objective: str
    window: str
    team: str


def write(answers: Answers) -> str:
    """Return the file.

    Raises:
        UsageError: it is not said what is counted.
    """
    if bool(answers.bad) == bool(answers.good):
        raise UsageError("say which events are bad, or which are good", hint="give one of --bad and --good")
    numerator, query = ("bad", answers.bad) if answers.bad else ("good", answers.good)
    labels = f"\n  labels: {{ team: {json.dumps(answers.team)} }} # who answers for it" if answers.team else ""
    return f"""\
# OpenSLO v1. Check it with `titanium slo validate`, derive everything with `titanium slo compile`.
apiVersion: openslo/v1
kind: SLO
metadata:
  name: {answers.name}{labels}
spec:
  service: {answers.service} # groups SLOs; alerts carry it as a label
  budgetingMethod: Occurrences # every event counts once; Timeslices counts minutes instead
  timeWindow:
    - {{ duration: {answers.window}, isRolling: true }} # the period of the error budget
  indicator:
    metadata: {{ name: {answers.name}-indicator }}
    spec:
      ratioMetric:
        counter: true # both metrics only ever grow
        {numerator}: # the selector of the {numerator} events: rates, sums and windows are derived
          metricSource:
            type: Prometheus
            spec:
              query: {json.dumps(query)}
        total: # the selector of all events, the {numerator} ones among them
          metricSource:
            type: Prometheus
            spec:
              query: {json.dumps(answers.total)}
  objectives:
    - target: {answers.objective} # the promised share of good events; 1 minus it is the error budget
"""
