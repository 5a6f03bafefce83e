"""One pass of the gate over a window of time: count at every replica, judge, and compare with the baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.domain.verdict import Verdict
from workbench.domain.window import WindowJudgement, judge_window
from workbench.gate.window import Span, compare, compare_latencies, count, replicas_agree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slo.objective import Objective
    from workbench.adapters.prometheus import HttpPrometheus
    from workbench.domain.comparison import Difference


@dataclass(frozen=True)
class Asked:
    """How long the window is in seconds, and of which version; `baseline` is the version to compare with."""

    seconds: int
    version: str = ""
    baseline: str = ""
    look: int = 1


@dataclass(frozen=True)
class WindowRun:
    """What a pass saw and said; the differences are named for people."""

    span: Span
    judgement: WindowJudgement
    differences: Mapping[str, Difference]


def run_window(
    objectives: Sequence[Objective],
    replicas: Sequence[HttpPrometheus],
    asked: Asked,
    *,
    clock: Callable[[], float] = time.time,
) -> WindowRun:
    """Judge the window that ends now.

    Raises:
        SloError: an objective cannot be judged by version.
        CannotDecideError: a Prometheus cannot be asked.
    """
    before = clock()
    end = replicas[0].clock()
    skew = end - (before + clock()) / 2
    span = Span(end, asked.seconds, asked.version)
    counted = [[count(one, prometheus, span) for one in objectives] for prometheus in replicas]
    judgement = judge_window(counted[0], skew_s=skew, look=asked.look)
    agree = replicas_agree(counted, [one.url for one in replicas])
    if agree:
        trusted = all(one.holds for one in agree)
        judgement = replace(
            judgement,
            preconditions=[*judgement.preconditions, *agree],
            verdict=judgement.verdict if trusted else Verdict.INCONCLUSIVE,
        )
    return WindowRun(span, judgement, _differences(objectives, replicas[0], span, asked, judgement.confidence.z))


def _differences(
    objectives: Sequence[Objective], prometheus: HttpPrometheus, span: Span, asked: Asked, z: float
) -> dict[str, Difference]:
    if not asked.baseline:
        return {}
    baseline, found = replace(span, version=asked.baseline), {}
    for one in objectives:
        found[f"{one.name}, {asked.version} beside {asked.baseline}"] = compare(one, prometheus, span, baseline, z=z)
        slower = compare_latencies(one, prometheus, span, baseline)
        if slower is not None:
            found[f"{one.name}, latencies of {asked.version} beside {asked.baseline}"] = slower
    return found
