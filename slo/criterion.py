"""What a gate judges: each objective of an SLO as a share of good events among all, with the selectors of both."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slo.errors import MalformedError, UnsupportedError
from slo.openslo import DataSource, IndicatorSpec, Metric, RatioMetric, Service, Sli, Slo
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


@dataclass(frozen=True)
class _Indicator:
    """An indicator and where it is written: in the SLO, or in a document of its own that the SLO refers to."""

    spec: IndicatorSpec
    found: Found
    path: tuple[str, ...]

    def at(self, *path: str) -> str:
        return self.found.at(*self.path, *path)


@dataclass(frozen=True)
class _Documents:
    """What an SLO may refer to, by name."""

    indicators: Mapping[str, _Indicator]
    sources: Mapping[str, str]
    services: frozenset[str]

    @classmethod
    def of(cls, found: Sequence[Found]) -> "_Documents":
        documents = [one.document for one in found]
        return cls(
            {
                one.document.metadata.name: _Indicator(one.document.spec, one, ("spec",))
                for one in found
                if isinstance(one.document, Sli)
            },
            {one.metadata.name: one.spec.type for one in documents if isinstance(one, DataSource)},
            frozenset(one.metadata.name for one in documents if isinstance(one, Service)),
        )


def load_criteria(paths: Sequence[Path]) -> list[Criterion]:
    """Return a criterion for each objective of each SLO in the files and folders.

    Raises:
        SloError: a file is wrong, or holds something that cannot be judged.
    """
    found = read(paths)
    documents = _Documents.of(found)
    return [
        criterion
        for one in found
        if isinstance(one.document, Slo)
        for criterion in _criteria(one, one.document, documents)
    ]


def _criteria(found: Found, slo: Slo, documents: _Documents) -> list[Criterion]:
    _refuse_unused(found, slo)
    _refuse_unknown_service(found, slo, documents.services)
    indicator = _indicator(found, slo, documents.indicators)
    ratio = _ratio_of_counters(indicator)
    field, part = ("good", ratio.good) if ratio.good is not None else ("bad", ratio.bad)
    numerator = _selector(indicator, field, part, documents.sources)
    total = _selector(indicator, "total", ratio.total, documents.sources)
    alone = len(slo.spec.objectives) == 1
    return [
        Criterion(
            # Of several objectives each is named with its target.
            name=slo.metadata.name if alone else f"{slo.metadata.name}-{objective.share}",
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
        for objective in slo.spec.objectives
    ]


def _refuse_unused(found: Found, slo: Slo) -> None:
    """Name the fields that would change the verdict if they were understood, instead of judging without them."""
    if slo.spec.budgeting_method != "Occurrences":
        place = found.at("spec", "budgetingMethod")
        raise UnsupportedError(f"{place}: {slo.spec.budgeting_method} is not judged here yet; use Occurrences")
    unused = ("op", "value", "timeSliceTarget", "timeSliceWindow", "compositeWeight", "indicator", "indicatorRef")
    for index, objective in enumerate(slo.spec.objectives):
        written = objective.model_dump(by_alias=True, exclude_none=True)
        if given := [name for name in unused if name in written]:
            raise UnsupportedError(
                f"{found.at('spec', 'objectives', index)}: {', '.join(given)}: not judged here yet; remove it"
            )
    (share, times), *_ = Counter(one.share for one in slo.spec.objectives).most_common(1)
    if times > 1:
        raise MalformedError(
            f"{found.at('spec', 'objectives')}: {times} objectives promise {share}; remove all but one"
        )


def _refuse_unknown_service(found: Found, slo: Slo, services: frozenset[str]) -> None:
    """Refuse a misspelt service. The specification lets a tree do without Service documents: then any name is right."""
    if services and slo.spec.service not in services:
        raise MalformedError(
            f"{found.at('spec', 'service')}: {slo.spec.service!r} is no Service of these files "
            f"({_known(services)}); mend the name or add a document for it"
        )


def _indicator(found: Found, slo: Slo, indicators: Mapping[str, _Indicator]) -> _Indicator:
    if slo.spec.indicator is not None:
        return _Indicator(slo.spec.indicator.spec, found, ("spec", "indicator", "spec"))
    if slo.spec.indicator_ref is None:
        raise MalformedError(f"{found.at('spec')}: has neither indicator nor indicatorRef")
    if slo.spec.indicator_ref not in indicators:
        raise MalformedError(
            f"{found.at('spec', 'indicatorRef')}: {slo.spec.indicator_ref!r} is no SLI of these files "
            f"({_known(indicators)})"
        )
    return indicators[slo.spec.indicator_ref]


def _ratio_of_counters(indicator: _Indicator) -> RatioMetric:
    ratio = indicator.spec.ratio_metric
    if ratio is None or ratio.raw is not None or not ratio.counter:
        raise UnsupportedError(
            f"{indicator.at()}: only a ratioMetric of counters (good or bad, and total) is judged here yet"
        )
    return ratio


def _selector(indicator: _Indicator, field: str, metric: Metric | None, sources: Mapping[str, str]) -> Selector:
    place = ("ratioMetric", field, "metricSource")
    if metric is None:
        raise MalformedError(f"{indicator.at(*place)}: is missing")
    source = metric.metric_source
    if source.metric_source_ref and source.metric_source_ref not in sources:
        raise MalformedError(
            f"{indicator.at(*place, 'metricSourceRef')}: {source.metric_source_ref!r} is no DataSource of these files "
            f"({_known(sources)})"
        )
    kind = source.type or sources.get(source.metric_source_ref, "")
    if kind.lower() != _PROMETHEUS:
        raise UnsupportedError(f"{indicator.at(*place, 'type')}: metric source {kind!r}; only Prometheus is judged")
    query, where = source.spec.get("query"), indicator.at(*place, "spec", "query")
    if not isinstance(query, str):
        raise MalformedError(f"{where}: is missing; write a metric selector")
    try:
        return Selector.parse(query)
    except ValueError as error:
        raise MalformedError(f"{where}: {error}: {query}") from error


def _known(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "there are none"
