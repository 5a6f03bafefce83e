"""promtool's test file of an objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo import duration
from slo.proof.situations import Situation, sample_interval_s, situations
from slo.proof.traffic import input_series
from slo.rules.model import scalar
from slo.rules.policy import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.objective import Objective


def test_files(objective: Objective, rule_file: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield a suffix and the lines of a test file for each step between evaluations: promtool has one a file.

    Raises:
        SloError: no example can be made of the objective's queries.
    """
    by_step: dict[int, list[Situation]] = {}
    for situation in situations(objective, rows_of(objective)):
        by_step.setdefault(situation.step_s, []).append(situation)
    for step_s, together in by_step.items():
        yield duration.promql(step_s), _lines(objective, rule_file, step_s, together)


def _lines(objective: Objective, rule_file: str, step_s: int, together: list[Situation]) -> Iterator[str]:
    step = duration.promql(step_s)
    yield f"rule_files: [{scalar(rule_file)}]"
    yield f"evaluation_interval: {step}"
    yield "tests:"
    for situation in together:
        yield f"  # {situation.name}"
        sample_s = sample_interval_s(objective, step_s)
        yield f"  - interval: {duration.promql(sample_s)}"
        yield f"    name: {scalar(situation.name)}"
        yield "    input_series:"
        for series, values in input_series(objective, situation.phases, sample_s).items():
            yield f"      - series: {scalar(series)}"
            yield f"        values: {scalar(values)}"
        yield "    promql_expr_test:"
        for check in situation.checks:
            yield f"      - expr: {scalar(check.expression)}"
            yield f"        eval_time: {check.at_s}s"
            yield '        exp_samples: [{ labels: "{}", value: 1 }]'
