"""What a gate judges: each objective of an SLO as a share of good events among all, with the selectors of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slo.errors import MalformedError, UnsupportedError
from slo.openslo import DataSource, IndicatorSpec, Metric, Objective, Sli, Slo
from slo.reader import Found, read
from slo.selector import Selector

_PROMETHEUS: Final = "prometheus"


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
    found = read(paths)
    indicators = {one.document.metadata.name: one.document.spec for one in found if isinstance(one.document, Sli)}
    sources = {
        one.document.metadata.name: one.document.spec.type for one in found if isinstance(one.document, DataSource)
    }
    return [
        _criterion(one, one.document, objective, indicators, sources)
        for one in found
        if isinstance(one.document, Slo)
        for objective in one.document.spec.objectives
    ]


def _criterion(
    found: Found,
    slo: Slo,
    objective: Objective,
    indicators: Mapping[str, IndicatorSpec],
    sources: Mapping[str, str],
) -> Criterion:
    _refuse_unused(found, objective)
    indicator = _indicator(found, slo, indicators)
    ratio = indicator.ratio_metric
    if slo.spec.budgeting_method != "Occurrences":
        raise UnsupportedError(f"{found}: budgetingMethod {slo.spec.budgeting_method} is not judged here yet")
    if ratio is None or ratio.raw is not None or not ratio.counter:
        raise UnsupportedError(f"{found}: only a ratioMetric of counters (good or bad, and total) is judged here yet")
    part, field = (ratio.good, "good") if ratio.good is not None else (ratio.bad, "bad")
    numerator, total = _selector(found, part, field, sources), _selector(found, ratio.total, "total", sources)
    return Criterion(
        name=_name(slo, objective),
        display_name=slo.metadata.display_name or slo.metadata.name,
        service=slo.spec.service,
        objective=str(objective.share),
        target=float(objective.share),
        numerator=numerator,
        numerator_is_good=ratio.good is not None,
        total=total,
        threshold_ms=numerator.bucket_ms() if ratio.good is not None else None,
        file=str(found.file),
        sha256=found.digest,
    )


def _name(slo: Slo, objective: Objective) -> str:
    """Return the SLO's name; of several objectives each with its target."""
    alone = len(slo.spec.objectives) == 1
    return slo.metadata.name if alone else f"{slo.metadata.name}-{objective.share}"


def _refuse_unused(found: Found, objective: Objective) -> None:
    """Name the fields that would change the verdict if they were understood, instead of judging without them."""
    unused = ("op", "value", "timeSliceTarget", "timeSliceWindow", "compositeWeight", "indicator", "indicatorRef")
    written = objective.model_dump(by_alias=True, exclude_none=True)
    if given := [name for name in unused if name in written]:
        raise UnsupportedError(f"{found}: objectives.{', '.join(given)}: not judged here yet; remove it")


def _indicator(found: Found, slo: Slo, indicators: Mapping[str, IndicatorSpec]) -> IndicatorSpec:
    if slo.spec.indicator is not None:
        return slo.spec.indicator.spec
    if slo.spec.indicator_ref is None:
        raise MalformedError(f"{found}: spec has neither indicator nor indicatorRef")
    if slo.spec.indicator_ref not in indicators:
        known = ", ".join(sorted(indicators)) or "there are none"
        raise MalformedError(
            f"{found}: spec.indicatorRef {slo.spec.indicator_ref!r} is no SLI of these files ({known})"
        )
    return indicators[slo.spec.indicator_ref]


def _selector(found: Found, metric: Metric | None, field: str, sources: Mapping[str, str]) -> Selector:
    if metric is None:
        raise MalformedError(f"{found}: ratioMetric.{field} is missing")
    source = metric.metric_source
    if source.metric_source_ref and source.metric_source_ref not in sources:
        known = ", ".join(sorted(sources)) or "there are none"
        raise MalformedError(
            f"{found}: ratioMetric.{field}: metricSourceRef {source.metric_source_ref!r} is no DataSource of these "
            f"files ({known})"
        )
    kind = source.type or sources.get(source.metric_source_ref, "")
    if kind.lower() != _PROMETHEUS:
        raise UnsupportedError(f"{found}: ratioMetric.{field}: metric source {kind!r}; only Prometheus is judged")
    query = source.spec.get("query")
    if not isinstance(query, str):
        raise MalformedError(f"{found}: ratioMetric.{field}.metricSource.spec.query is missing")
    try:
        return Selector.parse(query)
    except ValueError as error:
        raise MalformedError(f"{found}: ratioMetric.{field}: {error}: {query}") from error
