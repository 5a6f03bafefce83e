"""Names and labels of everything that is recorded for an SLO: rules, dashboards and reports take them from here.

Names follow Prometheus' `level:metric:operations`. The window is in the name and in no label: two windows of one SLO
have the same labels, so that `and` finds their pairs.
"""

from __future__ import annotations

from typing import Final

SLO: Final = "slo"
SERVICE: Final = "service"

BADNESS: Final = "slo:sli_badness:slice"
"""How bad the latest moment is, 0 to 1; of objectives that count time slices instead of events."""

BUDGET_REMAINING: Final = "slo:error_budget_remaining:ratio"
"""What is left of the error budget of the period: 1 untouched, 0 used up, negative overdrawn."""

PERIOD_SLI: Final = "slo:sli:ratio_period"
"""The share of good events in the period, weighted by traffic."""

BURN_RATE: Final = "slo:burn_rate:ratio_fast"
"""How fast the budget burns over the first long window of the alert policy: 1 uses it up just at the period's end."""

OBJECTIVE: Final = "slo:objective:ratio"
INFO: Final = "slo:info"
"""1, with what is known about the SLO as labels."""

BURN_ALERT: Final = "SLOErrorBudgetBurn"
ABSENT_ALERT: Final = "SLONoData"
CONDITION_ALERT: Final = "SLOBurnRateCondition"
CONDITION_ABSENT_ALERT: Final = "SLOBurnRateConditionNoData"

BASE_WINDOW: Final = "5m"


def errors(window: str) -> str:
    """Return the record of bad events per second over a window such as `5m`."""
    return f"slo:sli_errors:rate{window}"


def total(window: str) -> str:
    """Return the record of all events per second over a window."""
    return f"slo:sli_total:rate{window}"


def of(record: str, slo: str) -> str:
    """Return the selector of one SLO's series of a record."""
    return f'{record}{{{SLO}="{slo}"}}'
