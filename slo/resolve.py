"""From documents to objectives: references are followed, and what cannot be compiled is named, never left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from slo import duration
from slo.duration import MINUTE
from slo.errors import MalformedError, UnsupportedError
from slo.objective import INSTANT_S, BurnCondition, Indicator, Objective, Period, Ratio, Sliced, comparison
from slo.openslo import (
    AlertCondition,
    AlertConditionSpec,
    AlertNotificationTarget,
    AlertPolicy,
    AlertPolicySpec,
    DataSource,
    IndicatorSpec,
    Metric,
    PolicyUse,
    RatioMetric,
    Service,
    Sli,
    Slo,
    TargetUse,
)
from slo.openslo import Objective as Promise
from slo.query import Query
from slo.reader import Found, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

_PROMETHEUS: Final = "prometheus"
_Spec = TypeVar("_Spec")


@dataclass(frozen=True)
class _Place:
    """Where something is written: in the SLO, or in a document of its own that the SLO refers to."""

    found: Found
    path: tuple[int | str, ...]

    def at(self, *path: int | str) -> str:
        return self.found.at(*self.path, *path)

    def below(self, *path: int | str) -> _Place:
        return _Place(self.found, (*self.path, *path))


@dataclass(frozen=True)
class _Asked:
    """What one objective asks of an indicator, and where that is written."""

    where: _Place
    promise: Promise
    method: str
    sources: Mapping[str, str]

    def slice(self) -> tuple[int, Decimal | None]:
        """Return how long a moment lasts in seconds, and which share of it must be good."""
        if self.method == "Occurrences":
            return INSTANT_S, None
        window = self.promise.time_slice_window
        seconds = duration.seconds(window) if isinstance(window, str) else round((window or 0) * MINUTE)
        return seconds, self.promise.time_slice_target if self.method == "Timeslices" else None


@dataclass(frozen=True)
class _Documents:
    """What may be referred to, by name."""

    indicators: Mapping[str, tuple[IndicatorSpec, Found]]
    sources: Mapping[str, str]
    services: frozenset[str]
    policies: Mapping[str, tuple[AlertPolicySpec, Found]]
    conditions: Mapping[str, tuple[AlertConditionSpec, Found]]
    targets: frozenset[str]

    @classmethod
    def of(cls, found: Sequence[Found]) -> _Documents:
        pairs = [(one.document, one) for one in found]
        return cls(
            {one.metadata.name: (one.spec, where) for one, where in pairs if isinstance(one, Sli)},
            {one.metadata.name: one.spec.type for one, _ in pairs if isinstance(one, DataSource)},
            frozenset(one.metadata.name for one, _ in pairs if isinstance(one, Service)),
            {one.metadata.name: (one.spec, where) for one, where in pairs if isinstance(one, AlertPolicy)},
            {one.metadata.name: (one.spec, where) for one, where in pairs if isinstance(one, AlertCondition)},
            frozenset(one.metadata.name for one, _ in pairs if isinstance(one, AlertNotificationTarget)),
        )


def load_objectives(paths: Sequence[Path]) -> list[Objective]:
    """Return every objective of the SLOs in the files and folders.

    Raises:
        SloError: a file is wrong, a reference leads nowhere, or something cannot be compiled.
    """
    return resolve(read(paths))


def resolve(found: Sequence[Found]) -> list[Objective]:
    """Return every objective of the SLOs among the documents.

    Raises:
        SloError: a reference leads nowhere, or something cannot be compiled.
    """
    documents = _Documents.of(found)
    return [
        one for here in found if isinstance(here.document, Slo) for one in _objectives(here, here.document, documents)
    ]


def _objectives(found: Found, slo: Slo, documents: _Documents) -> Iterator[Objective]:
    _refuse_twins(found, slo)
    _refuse_unknown_service(found, slo, documents.services)
    spec, place = _indicator(found, slo, documents)
    period = _period(found, slo)
    conditions = tuple(
        condition
        for index, use in enumerate(slo.spec.alert_policies)
        for condition in _conditions(_Place(found, ("spec", "alertPolicies", index)), use, documents)
    )
    alone = len(slo.spec.objectives) == 1
    for index, promise in enumerate(slo.spec.objectives):
        where = _Place(found, ("spec", "objectives", index))
        if slo.spec.budgeting_method == "Occurrences":
            _refuse_slices_of_events(where, promise)
        yield Objective(
            # Of several objectives each is named with its target.
            name=slo.metadata.name if alone else f"{slo.metadata.name}-{promise.share}",
            slo=slo.metadata.name,
            display_name=slo.metadata.display_name or slo.metadata.name,
            description=slo.spec.description,
            service=slo.spec.service,
            share=promise.share,
            period=period,
            method=slo.spec.budgeting_method,
            indicator=_measured(place, spec, _Asked(where, promise, slo.spec.budgeting_method, documents.sources)),
            conditions=conditions,
            labels={key: value for key, value in slo.metadata.labels.items() if isinstance(value, str)},
            annotations=dict(slo.metadata.annotations),
            file=str(found.file),
            line=found.line,
            sha256=found.digest,
            found=found,
        )


def _refuse_twins(found: Found, slo: Slo) -> None:
    (share, times), *_ = Counter(one.share for one in slo.spec.objectives).most_common(1)
    if times > 1:
        raise MalformedError(
            f"{found.at('spec', 'objectives')}: {times} objectives promise {share}; remove all but one"
        )
    for index, one in enumerate(slo.spec.objectives):
        written = one.model_dump(by_alias=True, exclude_none=True)
        if given := [name for name in ("compositeWeight", "indicator", "indicatorRef") if name in written]:
            raise UnsupportedError(
                f"{found.at('spec', 'objectives', index)}: {', '.join(given)}: composite SLOs are not "
                "compiled; remove it"
            )


def _refuse_slices_of_events(where: _Place, promise: Promise) -> None:
    written = promise.model_dump(by_alias=True, exclude_none=True)
    if given := [name for name in ("timeSliceTarget", "timeSliceWindow") if name in written]:
        raise MalformedError(
            f"{where.at()}: {', '.join(given)}: belongs to the budgetingMethod Timeslices, this one is Occurrences; "
            "remove it or change the method"
        )


def _refuse_unknown_service(found: Found, slo: Slo, services: frozenset[str]) -> None:
    """Refuse a misspelt service. The specification lets a tree do without Service documents: then any name is right."""
    if services and slo.spec.service not in services:
        raise MalformedError(
            f"{found.at('spec', 'service')}: {slo.spec.service!r} is no Service of these files "
            f"({_known(services)}); mend the name or add a document for it"
        )


def _period(found: Found, slo: Slo) -> Period:
    if not slo.spec.time_window:
        raise UnsupportedError(f"{found.at('spec')}: has no timeWindow, over which a budget could be counted; add one")
    window = slo.spec.time_window[0]
    calendar = window.calendar
    return Period(
        window.duration,
        duration.seconds(window.duration),
        calendar.start_time if calendar else None,
        calendar.time_zone if calendar else None,
    )


def _indicator(found: Found, slo: Slo, documents: _Documents) -> tuple[IndicatorSpec, _Place]:
    if slo.spec.indicator is not None:
        return slo.spec.indicator.spec, _Place(found, ("spec", "indicator", "spec"))
    if slo.spec.indicator_ref is None:
        raise MalformedError(f"{found.at('spec')}: has neither indicator nor indicatorRef")
    where = _Place(found, ("spec", "indicatorRef"))
    spec, origin = _referred(where, slo.spec.indicator_ref, documents.indicators, "SLI")
    return spec, _Place(origin, ("spec",))


def _measured(place: _Place, spec: IndicatorSpec, asked: _Asked) -> Indicator:
    if spec.ratio_metric is not None:
        return _from_ratio(place.below("ratioMetric"), spec.ratio_metric, asked)
    if spec.threshold_metric is None:  # pragma: no cover - the model demands one of the two
        raise MalformedError(f"{place.at()}: measures nothing")
    return _from_threshold(place.below("thresholdMetric"), spec.threshold_metric, asked)


def _from_ratio(place: _Place, metric: RatioMetric, asked: _Asked) -> Indicator:
    if asked.promise.op is not None or asked.promise.value is not None:
        raise MalformedError(
            f"{asked.where.at()}: op and value belong to a thresholdMetric, this is a ratioMetric; remove them"
        )
    slice_s, target = asked.slice()
    if metric.raw is not None:
        raw = _query(place.below("raw"), metric.raw, asked.sources)
        return Sliced(slice_s, target, raw=raw, raw_is_good=metric.raw_type == "success")
    field, part = ("good", metric.good) if metric.good is not None else ("bad", metric.bad)
    counter = bool(metric.counter)
    ratio = Ratio(
        _over_any_window(place.below(field), part, asked.sources, counter=counter),
        metric.good is not None,
        _over_any_window(place.below("total"), metric.total, asked.sources, counter=counter),
        counter,
    )
    return ratio if asked.method == "Occurrences" else Sliced(slice_s, target, ratio=ratio)


def _from_threshold(place: _Place, metric: Metric, asked: _Asked) -> Sliced:
    promise = asked.promise
    if asked.method == "RatioTimeslices":
        raise MalformedError(f"{asked.where.at()}: RatioTimeslices averages ratios, and a thresholdMetric is none")
    if promise.op is None or promise.value is None:
        raise MalformedError(f"{asked.where.at()}: a thresholdMetric needs op and value, to tell good from bad")
    slice_s, target = asked.slice()
    query = _query(place, metric, asked.sources)
    return Sliced(slice_s, target, threshold=query, comparison=f"{comparison(promise.op)} bool {promise.value}")


def _over_any_window(place: _Place, metric: Metric | None, sources: Mapping[str, str], *, counter: bool) -> Query:
    query = _query(place, metric, sources)
    where = place.at("metricSource", "spec", "query")
    try:
        query.over(MINUTE, counter=counter)
    except ValueError as error:
        raise UnsupportedError(f"{where}: {error}: {query.value}") from error
    if counter and query.counts_wrongly():
        raise UnsupportedError(f"{where}: a counter is counted with rate(…[{{{{.window}}}}]): {query.value}")
    return query


def _query(place: _Place, metric: Metric | None, sources: Mapping[str, str]) -> Query:
    where = place.below("metricSource")
    if metric is None:
        raise MalformedError(f"{where.at()}: is missing")
    source = metric.metric_source
    if source.metric_source_ref and source.metric_source_ref not in sources:
        raise MalformedError(
            f"{where.at('metricSourceRef')}: {source.metric_source_ref!r} is no DataSource of these files "
            f"({_known(sources)})"
        )
    kind = source.type or sources.get(source.metric_source_ref, "")
    if kind.lower() != _PROMETHEUS:
        raise UnsupportedError(f"{where.at('type')}: metric source {kind!r}; only Prometheus is compiled")
    try:
        return Query.parse(source.spec)
    except ValueError as error:
        written = source.spec.get("query") or source.spec.get("promql") or ""
        raise MalformedError(f"{where.at('spec', 'query')}: {error}: {written}".rstrip(": ")) from error


def _conditions(place: _Place, use: PolicyUse, documents: _Documents) -> Iterator[BurnCondition]:
    spec, where, name = use.spec, place.below("spec"), use.metadata.name if use.metadata else ""
    if use.alert_policy_ref is not None:
        name = use.alert_policy_ref
        spec, origin = _referred(place.below("alertPolicyRef"), name, documents.policies, "AlertPolicy")
        where = _Place(origin, ("spec",))
    if spec is None:  # pragma: no cover - the model demands one of the two
        return
    targets = tuple(
        _target(where.below("notificationTargets", index), one, documents.targets)
        for index, one in enumerate(spec.notification_targets)
    )
    for index, one in enumerate(spec.conditions):
        condition, title = one.spec, one.metadata.name if one.metadata else ""
        if one.condition_ref is not None:
            title, at = one.condition_ref, where.below("conditions", index, "conditionRef")
            condition, _ = _referred(at, title, documents.conditions, "AlertCondition")
        if condition is None:  # pragma: no cover - the model demands one of the two
            continue
        burn = condition.condition
        yield BurnCondition(
            policy=name,
            name=title,
            severity=condition.severity,
            comparison=comparison(burn.op),
            threshold=burn.threshold,
            lookback_s=duration.seconds(burn.lookback_window),
            after_s=duration.seconds(burn.alert_after),
            when_breaching=spec.alert_when_breaching,
            when_resolved=spec.alert_when_resolved,
            when_no_data=spec.alert_when_no_data,
            targets=targets,
            description=condition.description or spec.description,
        )


def _target(place: _Place, use: TargetUse, known: frozenset[str]) -> str:
    if use.target_ref is None:
        return use.metadata.name if use.metadata else ""
    if use.target_ref not in known:
        raise MalformedError(
            f"{place.at('targetRef')}: {use.target_ref!r} is no AlertNotificationTarget of these files "
            f"({_known(known)})"
        )
    return use.target_ref


def _referred(place: _Place, name: str, documents: Mapping[str, tuple[_Spec, Found]], kind: str) -> tuple[_Spec, Found]:
    if name not in documents:
        raise MalformedError(f"{place.at()}: {name!r} is no {kind} of these files ({_known(documents)})")
    return documents[name]


def _known(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "there are none"
