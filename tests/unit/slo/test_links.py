"""Where an alert leads."""

from slo.links import dashboard_url, panel_id, runbook_url


def test_a_runbook_has_the_name_of_its_alert() -> None:
    assert runbook_url("LokiDown") == "https://titanium.example/runbooks/LokiDown"


def test_a_panel_keeps_its_id_as_long_as_its_key() -> None:
    assert panel_id("service/requests") == panel_id("service/requests")
    assert panel_id("service/requests") != panel_id("service/errors")
    assert 1 <= panel_id("") <= 1_000_000


def test_a_dashboard_is_opened_at_a_panel_with_its_variables() -> None:
    address = dashboard_url("service", panel="service/requests", service="{{ $labels.app }}")
    assert address.startswith("https://titanium.example/d/service?var-service={{ $labels.app }}&viewPanel=")


def test_a_whole_dashboard_needs_no_query() -> None:
    assert dashboard_url("overview") == "https://titanium.example/d/overview"
