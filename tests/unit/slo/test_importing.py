"""Other tools' SLO files: what they mean is what OpenSLO says afterwards, and what has no counterpart is named."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from slo.errors import MalformedError, SloError, UnsupportedError
from slo.importing.files import import_file
from slo.objective import Objective, Ratio, Sliced
from slo.resolve import load_objectives

if TYPE_CHECKING:
    from pathlib import Path

SLOTH = """\
version: prometheus/v1
service: My Service
labels: { owner: shop, tier: "2" }
slos:
  - name: requests-availability
    objective: 99.9
    description: Requests are answered.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="shop",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="shop"}[{{.window}}]))
    alerting: { name: High, annotations: { runbook: "https://runbooks.example/shop" } }
  - name: raw
    objective: 95
    sli: { raw: { error_ratio_query: "shop:failure:ratio" } }
"""
PYRRA = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: shop-errors, namespace: monitoring, labels: { pyrra.dev/team: shop, service: shop } }
spec:
  target: "99.5"
  window: 4w
  indicator:
    ratio:
      errors: { metric: 'http_requests_total{job="shop",code=~"5.."}' }
      total: { metric: 'http_requests_total{job="shop"}' }
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: shop-latency }
spec:
  target: "95"
  window: 1d12h
  indicator:
    latency:
      success: { metric: 'http_request_duration_seconds_bucket{job="shop",le="0.5"}' }
      total: { metric: 'http_request_duration_seconds_count{job="shop"}' }
"""


def imported(folder: Path, text: str) -> dict[str, Objective]:
    source = folder / "foreign.yaml"
    source.write_text(text, encoding="utf-8")
    target = folder / "open"
    target.mkdir()
    (target / "slo.yaml").write_text(import_file(source), encoding="utf-8")
    return {one.name: one for one in load_objectives([target])}


def test_sloths_events_are_a_ratio_with_the_same_queries(tmp_path: Path) -> None:
    one = imported(tmp_path, SLOTH)["my-service-requests-availability"]

    assert (one.service, one.share, one.period.text, one.owner) == ("my-service", Decimal("0.999"), "30d", "shop")
    assert one.annotation("runbook-url") == "https://runbooks.example/shop"
    assert isinstance(one.indicator, Ratio)
    assert not one.indicator.numerator_is_good
    assert one.indicator.total.over(300, counter=True) == 'sum(sum(rate(http_requests_total{job="shop"}[5m])))'


def test_sloths_raw_ratio_is_a_stored_failure_ratio(tmp_path: Path) -> None:
    one = imported(tmp_path, SLOTH)["my-service-raw"]

    assert isinstance(one.indicator, Sliced)
    assert one.indicator.raw is not None
    assert (one.indicator.raw.value, one.indicator.raw_is_good) == ("shop:failure:ratio", False)


def test_pyrras_ratio_and_latency(tmp_path: Path) -> None:
    found = imported(tmp_path, PYRRA)
    errors, latency = found["shop-errors"], found["shop-latency"]

    assert (errors.share, errors.period.seconds, errors.owner) == (Decimal("0.995"), 28 * 86400, "shop")
    assert (latency.share, latency.period.seconds) == (Decimal("0.95"), 36 * 3600)
    assert isinstance(latency.indicator, Ratio)
    assert latency.indicator.numerator_is_good
    assert isinstance(errors.indicator, Ratio)
    assert not errors.indicator.numerator_is_good


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (SLOTH.replace("events:", "plugin:", 1), UnsupportedError, r"slos\.0\.sli: plugin is not imported"),
        (SLOTH.replace("    objective: 99.9\n", ""), MalformedError, r"slos\.0\.objective: must be a number"),
        (SLOTH.replace("service: My Service\n", ""), MalformedError, r"service: is missing"),
        (PYRRA.replace("    ratio:", "    ratio:\n      grouping: [route]", 1), UnsupportedError, "grouping"),
        (PYRRA.replace("    ratio:", "    bool_gauge:", 1), UnsupportedError, "bool_gauge is not imported"),
        (PYRRA.replace("4w", "4 weeks"), MalformedError, "'4 weeks' is no duration"),
        (PYRRA.replace("4w", "90s"), UnsupportedError, "shortest unit is a minute"),
        (PYRRA.replace('"99.5"', "much"), MalformedError, "spec.target: must be per cent"),
        ("kind: Other\n", MalformedError, "is neither Sloth's .* nor Pyrra's"),
        ("", SloError, "holds no SLO"),
    ],
)
def test_what_has_no_counterpart_is_named(text: str, kind: type[SloError], message: str, tmp_path: Path) -> None:
    file = tmp_path / "foreign.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(kind, match=message):
        import_file(file)
