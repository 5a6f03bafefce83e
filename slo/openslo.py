"""OpenSLO v1 as data: every kind, strict (an unknown field is an error), as in the specification.

Source: github.com/OpenSLO/OpenSLO, specification of apiVersion `openslo/v1`. Field names are the specification's.
"""

from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

# RFC 1123 labels, as the specification demands of names.
_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_DURATION = r"^[1-9][0-9]*[mhdwMQY]$"
_START_TIME = "%Y-%m-%d %H:%M:%S"


class Model(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=False
    )


def _exact(value: object) -> Decimal:
    """Keep the decimal digits as written: 0.995 is not 0.99499999999999999556."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("must be a number, without quotes")
    return Decimal(str(value))


def _between_zero_and_one(value: Decimal) -> Decimal:
    if not 0 < value < 1:
        raise ValueError("must lie between 0 and 1, both excluded: 1 leaves no error budget, 0 promises nothing")
    return value


def _between_zero_and_hundred(value: Decimal) -> Decimal:
    if not 0 < value < 100:  # noqa: PLR2004 - per cent
        raise ValueError("must lie between 0 and 100 per cent, both excluded")
    return value


def _a_share_of_a_slice(value: Decimal) -> Decimal:
    if not 0 < value <= 1:
        raise ValueError("must lie between 0 (excluded) and 1")
    return value


def _date_and_time(value: str) -> str:
    try:
        datetime.strptime(value, _START_TIME)  # noqa: DTZ007 - the zone is a field of its own
    except ValueError as error:
        raise ValueError("must be a date and a time, such as 2026-01-31 00:00:00") from error
    return value


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is no time zone of the IANA database, such as Europe/Berlin or UTC")
    return value


Target = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_between_zero_and_one)]
TargetPercent = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_between_zero_and_hundred)]
SliceTarget = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_a_share_of_a_slice)]
Number = Annotated[Decimal, BeforeValidator(_exact)]
Name = Annotated[str, Field(pattern=_NAME, max_length=63)]
Duration = Annotated[str, Field(pattern=_DURATION)]
Description = Annotated[str, Field(max_length=1050)]


class Metadata(Model):
    """The name of a document, and what is said about it."""

    name: Name
    display_name: str = ""
    labels: dict[str, str | list[str]] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class MetricSource(Model):
    """Where a metric comes from; `spec` belongs to the vendor."""

    metric_source_ref: str = ""
    type: str = ""
    spec: dict[str, Any]


class Metric(Model):
    """One metric."""

    metric_source: MetricSource


class RatioMetric(Model):
    """Good (or bad) events of all events."""

    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None
    raw: Metric | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ratio = (self.good is not None) + (self.bad is not None)
        if self.raw is not None:
            if ratio or self.total is not None or self.raw_type is None:
                raise ValueError("raw goes with rawType and without good, bad and total")
        elif ratio != 1 or self.total is None:
            raise ValueError("give total and one of good and bad")
        elif self.counter is None:
            raise ValueError("say whether the metrics are counters (counter: true) or go up and down (counter: false)")
        return self


class IndicatorSpec(Model):
    """What is measured."""

    description: Description = ""
    ratio_metric: RatioMetric | None = None
    threshold_metric: Metric | None = None

    @model_validator(mode="after")
    def _one_metric(self) -> Self:
        if (self.ratio_metric is None) == (self.threshold_metric is None):
            raise ValueError("give one of ratioMetric and thresholdMetric")
        return self


class InlineIndicator(Model):
    """An indicator that is written where it is used."""

    metadata: Metadata
    spec: IndicatorSpec


class Calendar(Model):
    """A window that begins with the calendar."""

    start_time: Annotated[str, AfterValidator(_date_and_time)]
    time_zone: Annotated[str, AfterValidator(_known_zone)]


class TimeWindow(Model):
    """The period over which the objective holds."""

    duration: Duration
    is_rolling: bool = False
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _rolls_or_begins(self) -> Self:
        if self.is_rolling == (self.calendar is not None):
            raise ValueError("a window either rolls (isRolling: true) or has a calendar that says when it begins")
        return self


class Objective(Model):
    """What is promised."""

    display_name: str = ""
    target: Target | None = None
    target_percent: TargetPercent | None = None
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: Number | None = None
    time_slice_target: SliceTarget | None = None
    time_slice_window: Duration | Annotated[float, Field(gt=0)] | None = None
    """A number is minutes."""
    composite_weight: float | None = None
    indicator: InlineIndicator | None = None
    indicator_ref: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.target is None) == (self.target_percent is None):
            raise ValueError("give one of target and targetPercent")
        return self

    @property
    def share(self) -> Decimal:
        """The promised share of good events, between 0 and 1, with the digits as written."""
        return self.target if self.target is not None else (self.target_percent or Decimal(0)).scaleb(-2)


class BurnRate(Model):
    """When a budget burns too fast: a burn rate (1 = exactly the budget over the window), measured over some time.

    The specification's text has no `op`, its schema demands one; absent, it is `gt`.
    """

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["lte", "gte", "lt", "gt"] = "gt"
    threshold: Number
    lookback_window: Duration
    alert_after: Duration | Literal["0m"] = "0m"


class AlertConditionSpec(Model):
    """A condition, and how severe it is."""

    description: Description = ""
    severity: str = Field(min_length=1)
    condition: BurnRate


class AlertNotificationTargetSpec(Model):
    """Who is told; the name becomes a label for Alertmanager's routes."""

    description: Description = ""
    target: str = Field(min_length=1)


class _RefOrInline(Model):
    """Something that is written here, or referred to by its name."""

    kind: str | None = None
    metadata: Metadata | None = None

    def _check(self, reference: str | None, spec: object) -> None:
        inline = (self.kind, self.metadata, spec)
        if reference is None and None in inline:
            raise ValueError("refer to a document by its name, or give kind, metadata and spec")
        if reference is not None and any(one is not None for one in inline):
            raise ValueError("either refer to a document or write it here, not both")


class ConditionUse(_RefOrInline):
    """An alert condition of a policy."""

    kind: Literal["AlertCondition"] | None = None
    condition_ref: str | None = None
    spec: AlertConditionSpec | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        self._check(self.condition_ref, self.spec)
        return self


class TargetUse(_RefOrInline):
    """A notification target of a policy."""

    kind: Literal["AlertNotificationTarget"] | None = None
    target_ref: str | None = None
    spec: AlertNotificationTargetSpec | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        self._check(self.target_ref, self.spec)
        return self


class AlertPolicySpec(Model):
    """One condition, when it alerts, and whom."""

    description: Description = ""
    alert_when_breaching: bool = False
    alert_when_resolved: bool = False
    alert_when_no_data: bool = False
    conditions: list[ConditionUse] = Field(min_length=1, max_length=1)
    notification_targets: list[TargetUse] = Field(default_factory=list)


class PolicyUse(_RefOrInline):
    """An alert policy of an SLO."""

    kind: Literal["AlertPolicy"] | None = None
    alert_policy_ref: str | None = None
    spec: AlertPolicySpec | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        self._check(self.alert_policy_ref, self.spec)
        return self


class SloSpec(Model):
    """A service's objectives."""

    description: Description = ""
    service: str = Field(min_length=1)
    indicator: InlineIndicator | None = None
    indicator_ref: str | None = None
    time_window: list[TimeWindow] = Field(default_factory=list, max_length=1)
    budgeting_method: Literal["Occurrences", "Timeslices", "RatioTimeslices"]
    objectives: list[Objective] = Field(min_length=1)
    alert_policies: list[PolicyUse] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_indicator(self) -> Self:
        if self.indicator is not None and self.indicator_ref is not None:
            raise ValueError("give one of indicator and indicatorRef")
        return self

    @model_validator(mode="after")
    def _slices_are_described(self) -> Self:
        for number, one in enumerate(self.objectives):
            if self.budgeting_method != "Occurrences" and one.time_slice_window is None:
                raise ValueError(f"objectives.{number}.timeSliceWindow is missing: {self.budgeting_method} needs it")
            if self.budgeting_method == "Timeslices" and one.time_slice_target is None:
                raise ValueError(f"objectives.{number}.timeSliceTarget is missing: Timeslices needs it")
        return self


class DescribedSpec(Model):
    """The specification of a kind that only describes."""

    description: Description = ""


class DataSourceSpec(Model):
    """What kind of server answers queries, and how it is reached; `connectionDetails` belongs to the vendor."""

    description: Description = ""
    type: str = Field(min_length=1)
    connection_details: dict[str, Any] = Field(default_factory=dict)


class Document(Model):
    """What all documents share."""

    api_version: Literal["openslo/v1"]
    kind: str
    metadata: Metadata


class Service(Document):
    """A thing that has objectives."""

    kind: Literal["Service"]
    spec: DescribedSpec = DescribedSpec()


class DataSource(Document):
    """A server that metrics are read from, for `metricSourceRef`."""

    kind: Literal["DataSource"]
    spec: DataSourceSpec


class Sli(Document):
    """An indicator that several SLOs may refer to."""

    kind: Literal["SLI"]
    spec: IndicatorSpec


class Slo(Document):
    """Objectives with their indicator."""

    kind: Literal["SLO"]
    spec: SloSpec


class AlertPolicy(Document):
    """When somebody is alerted, for `alertPolicyRef`."""

    kind: Literal["AlertPolicy"]
    spec: AlertPolicySpec


class AlertCondition(Document):
    """A condition, for `conditionRef`."""

    kind: Literal["AlertCondition"]
    spec: AlertConditionSpec


class AlertNotificationTarget(Document):
    """Who is told, for `targetRef`."""

    kind: Literal["AlertNotificationTarget"]
    spec: AlertNotificationTargetSpec


KINDS: dict[str, type[Document]] = {
    "Service": Service,
    "DataSource": DataSource,
    "SLI": Sli,
    "SLO": Slo,
    "AlertPolicy": AlertPolicy,
    "AlertCondition": AlertCondition,
    "AlertNotificationTarget": AlertNotificationTarget,
}
"""Every kind of the specification."""
