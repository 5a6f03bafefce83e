"""`titanium alerts build`: an alert without its runbook is refused before anything is written."""

from __future__ import annotations

import pytest

from workbench.alerts.actions.build import demand_runbooks
from workbench.errors import UsageError


def test_an_alert_without_a_runbook_is_named_with_the_page_to_write() -> None:
    with pytest.raises(UsageError, match="the alert NobodyCares has no runbook") as refused:
        demand_runbooks(["ValkeyDown", "NobodyCares"])
    assert "alerts/runbooks/NobodyCares.md" in refused.value.hint


def test_those_that_have_one_pass() -> None:
    demand_runbooks(["ValkeyDown"])
