"""The rule groups of one objective, in the order of their evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slo.rules.alerts import Links, alerting_rules
from slo.rules.model import Group
from slo.rules.policy import rows_of
from slo.rules.recording import budget_rules, recording_rules

if TYPE_CHECKING:
    from slo.objective import Objective

DEFAULT_LINKS: Final = Links()


def groups_of(objective: Objective, links: Links = DEFAULT_LINKS) -> list[Group]:
    """Return the groups: records first, since alerts read them in the same evaluation.

    Raises:
        SloError: the objective's alert policy is unknown, or an alert could never fire.
    """
    rows = rows_of(objective)
    rules = (
        *recording_rules(objective, rows),
        *budget_rules(objective, rows),
        *alerting_rules(objective, rows, links),
    )
    return [Group(f"slo:{objective.name}", rules)]
