"""Burn-rate policies: named rows of windows and factors, scaled to an SLO's period.

A row fires when the bad share over both windows exceeds `burn_rate * allowance`. A full outage therefore pages after
`burn_rate * allowance * long window / error share` seconds, and never if `burn_rate * allowance >= 1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML

from slo import duration
from slo.duration import MINUTE
from slo.errors import MalformedError

if TYPE_CHECKING:
    from slo.objective import Objective

FILE: Final = Path(__file__).parent.parent / "policies" / "burn-rates.yaml"
STANDARD: Final = "standard"
_ANNOTATION: Final = "burn-rate-policy"
# A rate needs two samples: at Prometheus' default of one a minute, and without the window's left end (Prometheus 3
# leaves it out), one minute never holds them.
_SHORTEST_S: Final = 2 * MINUTE


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class _Row(_Model):
    long: str
    short: str
    burn_rate: Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]
    severity: Literal["critical", "warning", "info"]


class _Policy(_Model):
    minimum_failures: int = Field(ge=1)
    rows: list[_Row] = Field(min_length=1)


class _File(_Model):
    period: str
    policies: dict[str, _Policy]


@dataclass(frozen=True)
class BurnRow:
    """One pair of windows, in seconds; `burn_rate` is how many times too fast the budget burns."""

    long_s: int
    short_s: int
    burn_rate: Decimal
    severity: str
    minimum_failures: int

    @property
    def long(self) -> str:
        return duration.promql(self.long_s)

    @property
    def short(self) -> str:
        return duration.promql(self.short_s)

    def detection_s(self, allowance: float, error_share: float) -> float:
        """Return after how many seconds of this share of errors the long window has exceeded the limit."""
        return float(self.burn_rate) * allowance * self.long_s / error_share

    def can_fire(self, allowance: Decimal) -> bool:
        """Whether a full outage, all events bad, exceeds the limit."""
        return self.burn_rate * allowance < 1


@cache
def _policies() -> _File:
    return _File.model_validate(YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8")))


def rows_of(objective: Objective) -> list[BurnRow]:
    """Return the rows of the objective's policy, scaled to its period.

    Windows are scaled with the period and rounded to whole minutes; the burn rate then keeps a row's share of the
    budget exactly.

    Raises:
        MalformedError: there is no such policy, or one of its rows could never fire.
    """
    known = _policies()
    name = objective.annotation(_ANNOTATION) or STANDARD
    if name not in known.policies:
        where = objective.found.at("metadata", "annotations", f"titanium.dev/{_ANNOTATION}")
        raise MalformedError(f"{where}: {name!r} is no burn-rate policy ({', '.join(sorted(known.policies))})")
    policy = known.policies[name]
    period_s = duration.seconds(known.period)
    rows = [_scaled(row, policy.minimum_failures, period_s, objective.period.seconds) for row in policy.rows]
    _refuse_what_never_fires(objective, name, rows)
    return rows


def _scaled(row: _Row, minimum_failures: int, from_s: int, to_s: int) -> BurnRow:
    long_s, short_s = duration.seconds(row.long), duration.seconds(row.short)
    if from_s == to_s:
        return BurnRow(long_s, short_s, row.burn_rate, row.severity, minimum_failures)
    scaled_long, scaled_short = (
        max(_SHORTEST_S, round(one * to_s / from_s / MINUTE) * MINUTE) for one in (long_s, short_s)
    )
    share_of_budget = row.burn_rate * long_s / from_s
    rate = (share_of_budget * to_s / scaled_long).quantize(Decimal("0.001")).normalize()
    return BurnRow(scaled_long, scaled_short, rate, row.severity, minimum_failures)


def _refuse_what_never_fires(objective: Objective, name: str, rows: list[BurnRow]) -> None:
    for row in rows:
        if not row.can_fire(objective.allowance):
            limit = 1 - 1 / row.burn_rate
            raise MalformedError(
                f"{objective.found.at('spec', 'objectives')}: {objective.name}: the row {row.long}/{row.short} of the "
                f"burn-rate policy {name!r} can never fire: even a full outage burns the budget of an objective of "
                f"{objective.share} only {1 / objective.allowance:.4g} times too fast, the row waits for "
                f"{row.burn_rate:f} (it works above {limit:.4%}). Promise more, or pick another policy by the "
                f"annotation titanium.dev/{_ANNOTATION}: {', '.join(sorted(_policies().policies))}"
            )
