"""What a gate judges: each objective of an SLO as a share of good events among all, with the selectors of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.errors import UnsupportedError
from slo.objective import Objective, Ratio
from slo.resolve import load_objectives

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from slo.selector import Selector


@dataclass(frozen=True)
class Criterion:
    """One objective. `objective` is the target as written, `target` its value: the share of good events.

    `threshold_ms` is the latency limit of an indicator by histogram buckets, None for others. `sha256` is the digest of
    the file, so that a verdict can be tied to what was demanded.
    """

    name: str
    display_name: str
    service: str
    objective: str
    target: float
    numerator: Selector
    numerator_is_good: bool
    total: Selector
    threshold_ms: float | None
    file: str
    sha256: str


def load_criteria(paths: Sequence[Path]) -> list[Criterion]:
    """Return a criterion for each objective of each SLO in the files and folders.

    Raises:
        SloError: a file is wrong, or holds something that cannot be judged.
    """
    return [criterion_of(one) for one in load_objectives(paths)]


def release_criteria(paths: Sequence[Path]) -> list[Criterion]:
    """Return what a build has to hold to be promoted: the objectives annotated `titanium.dev/gate: release`.

    Raises:
        SloError: a file is wrong, or holds something that cannot be judged.
    """
    return [criterion_of(one) for one in load_objectives(paths) if one.annotation("gate") == "release"]


def criterion_of(objective: Objective) -> Criterion:
    """Return what is judged of an objective.

    Raises:
        UnsupportedError: its events are not counted by two selectors of counters.
    """
    indicator = objective.indicator
    numerator = indicator.numerator.selector if isinstance(indicator, Ratio) else None
    total = indicator.total.selector if isinstance(indicator, Ratio) else None
    if not isinstance(indicator, Ratio) or not indicator.counter or numerator is None or total is None:
        raise UnsupportedError(
            f"{objective.found.at('spec')}: {objective.name}: only a ratioMetric of counters by plain selectors, "
            "with budgetingMethod Occurrences, is judged here yet"
        )
    return Criterion(
        name=objective.name,
        display_name=objective.display_name,
        service=objective.service,
        objective=str(objective.share),
        target=float(objective.share),
        numerator=numerator,
        numerator_is_good=indicator.numerator_is_good,
        total=total,
        threshold_ms=numerator.bucket_ms() if indicator.numerator_is_good else None,
        file=objective.file,
        sha256=objective.sha256,
    )
