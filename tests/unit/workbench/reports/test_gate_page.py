"""The page of a verdict: it says the reason, draws what was counted, loads nothing and trusts no text."""

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult
from tests.unit.workbench.domain import given
from workbench.domain.gate import judge
from workbench.domain.observations import Counts, Observations
from workbench.reports.evidence import build_evidence
from workbench.reports.gate_html import render_html
from workbench.reports.svg import Bin, histogram, interval


def page_of(observations: Observations, **load: Any) -> str:  # noqa: ANN401 - fields of a load result
    return render_html(document(observations, **load))


def document(observations: Observations, **load: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a load result
    result = LoadResult(
        run_id="a-run",
        target="http://127.0.0.1:21000",
        arrival="constant",
        rate_rps=100.0,
        duration_s=60.0,
        warmup_s=0.0,
        started_at=given.START,
        ended_at=given.END,
        offered=6000,
        started=6000,
        completed=6000,
        failed=0,
        dropped=0,
        failures={},
        lag_ms=LagSummary(0.1, 1.0, 2.0),
        latency_ms=LatencySummary(20.0, 18.0, 19.0, 21.0, 22.0, 23.0),
        by_scenario={},
        samples_file="samples.csv.gz",
        generator=Generator("test", "1", "here"),
        seed=1,
        workers=1,
        interrupted=False,
    )
    return build_evidence(
        judge(observations),
        observations,
        replace(result, **load),
        versions={"titanium": "0"},
        machine="here",
        prometheus_url="http://127.0.0.1:1",
        queries=["up"],
    )


def spoiled(**changes: Any) -> Observations:  # noqa: ANN401 - fields of observations
    return replace(given.healthy(), **changes)


def plots(page: str) -> list[ET.Element]:
    return [ET.fromstring(one) for one in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]  # noqa: S314 - our own markup


FAILING = [Counts(given.criterion(), numerator=[given.counter(3.0)], total=[given.counter(given.RATE)])]
AT_THE_LIMIT = [Counts(given.criterion(), numerator=[given.counter(0.5)], total=[given.counter(given.RATE)])]
REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "PASS": ({}, "Every objective is met"),
    "FAIL": ({"counts": FAILING}, "Missed, beyond what chance explains: an objective"),
    "INCONCLUSIVE": ({"counts": AT_THE_LIMIT}, "More requests are needed to decide: an objective"),
    "untrusted": ({"counts": FAILING, "prometheus_clock": 0.0}, "this does not hold: clocks agree"),
}


@pytest.mark.parametrize("case", REASONS)
def test_the_page_says_the_verdict_and_why_in_one_sentence(case: str) -> None:
    changes, reason = REASONS[case]

    page = page_of(spoiled(**changes))

    assert f'<p class="verdict {"INCONCLUSIVE" if case == "untrusted" else case}">' in page
    assert reason in page


def test_every_objective_the_latencies_and_the_rate_are_drawn() -> None:
    assert len(plots(page_of(given.healthy()))) == 2 + 2


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = page_of(given.healthy())

    assert not re.search(r"<script|<link|<img|\bsrc=|@import|url\(", page)


def test_text_from_elsewhere_stays_text() -> None:
    hostile = "<script>alert(1)</script>"
    page = page_of(given.healthy(), target=hostile, started=6000, completed=5999, failed=1, failures={hostile: 1})

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)") == 2


def test_the_histogram_of_the_evidence_counts_every_request_once_in_its_bin() -> None:
    latencies = [0.01, 9.9, 10.0, 10.1, 499.0, 500.0, 2500.0]
    client = replace(given.healthy().client, requests=[(given.START, one) for one in latencies])

    bins = document(spoiled(client=client))["client_latency_histogram"]

    assert sum(one["count"] for one in bins) == len(latencies)
    bounds = [0.0, *(one["up_to_ms"] for one in bins)]
    assert bounds == sorted(bounds)
    # The first bin also holds what is shorter than it.
    for low, one in zip(bounds, bins, strict=False):
        assert one["count"] == sum(low < latency <= one["up_to_ms"] for latency in latencies)


def test_a_run_without_requests_has_no_distribution() -> None:
    client = replace(given.healthy().client, requests=[])

    assert document(spoiled(client=client))["client_latency_histogram"] == []
    assert histogram([], limit_ms=500.0, marks=[]) == "<p>no requests</p>"


def test_bars_beyond_the_limit_look_different_and_the_limit_is_always_in_sight() -> None:
    bins = [Bin(446.7, 5), Bin(501.2, 4), Bin(562.3, 3), Bin(631.0, 0), Bin(707.9, 1)]

    (plot,) = plots(histogram(bins, limit_ms=500.0, marks=[("P50", 450.0)]))
    kinds = [bar.get("class") for bar in plot.iter("rect")]
    assert kinds == ["bar", "bar", "slow", "slow"]

    (plot,) = plots(histogram([Bin(10.0, 1)], limit_ms=500.0, marks=[]))
    (limit,) = (line for line in plot.iter("line") if line.get("class") == "limit")
    assert 0 < float(limit.get("x1", "0")) < 720


@pytest.mark.parametrize(
    ("low", "high", "share"), [(0.0, 0.0006, 0.0), (0.3, 0.36, 0.33), (1.0, 1.0, 1.0), (0.0, 1.0, 0.0)]
)
def test_an_interval_is_drawn_inside_the_picture_on_its_side_of_the_limit(
    low: float, high: float, share: float
) -> None:
    (plot,) = plots(interval(low, high, share, 0.005))
    bar = next(one for one in plot.iter("rect") if one.get("class") == "interval")
    limit = float(next(one for one in plot.iter("line") if one.get("class") == "limit").get("x1", ""))
    left, width = float(bar.get("x", "")), float(bar.get("width", ""))

    assert left >= 16
    assert left + width <= 720 - 16 + 2
    assert (left > limit) == (low > 0.005)
