"""What a real Prometheus remembers: alerts replayed on it, and budgets read from what the rules had recorded."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from slo.resolve import load_objectives
from slo.rules import names
from tests.live.gate_corpus.feed import prometheus_with
from workbench.__main__ import main
from workbench.adapters.prometheus import HttpPrometheus
from workbench.domain.series import Series
from workbench.platform.instance import CHECKOUT
from workbench.slo.backtest import backtest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = CHECKOUT / "slo" / "objectives" / "gateway-availability.yaml"
(OBJECTIVE,) = load_objectives([FILE])
LABELS = {
    "reporter": "source",
    "source_workload": "istio-ingressgateway",
    "source_workload_namespace": "istio-ingress",
    "destination_service": "api-gateway.titanium-prod.svc.cluster.local",
}
STEP_S, RATE = 30, 100
HOURS = 3
# An outage of half of the requests, from 90 to 70 minutes ago.
OUTAGE = (90 * 60, 70 * 60)


def _samples(now: float, bad_share: float, outage: tuple[int, int]) -> Iterator[tuple[float, float, float]]:
    """Time, and what had been counted until then: good and bad."""
    good = bad = 0.0
    for ago in range(HOURS * 3600, 0, -STEP_S):
        share = bad_share if outage[1] < ago <= outage[0] else 0.0
        good, bad = good + RATE * STEP_S * (1 - share), bad + RATE * STEP_S * share
        yield now - ago, good, bad


def mesh(now: float, bad_share: float) -> list[Series]:
    """The ingress's counters."""
    samples = list(_samples(now, bad_share, OUTAGE))
    of = {"200": [(at, good) for at, good, _ in samples], "503": [(at, bad) for at, _, bad in samples]}
    return [
        Series({"__name__": "istio_requests_total", **LABELS, "response_code": code}, values)
        for code, values in of.items()
    ]


def records(now: float, bad_share: float, burn_rate: float) -> list[Series]:
    """What the rules of the objective would have recorded."""
    labels = {"slo": OBJECTIVE.name, "service": OBJECTIVE.service}
    times = [now - ago for ago in range(HOURS * 3600, -STEP_S, -STEP_S)]
    inside = {at for at in times if OUTAGE[1] < now - at <= OUTAGE[0]}
    values = {
        names.total("5m"): [(at, float(RATE)) for at in times],
        names.errors("5m"): [(at, RATE * bad_share if at in inside else 0.0) for at in times],
        names.BURN_RATE: [(at, burn_rate) for at in times],
    }
    return [Series({"__name__": name, **labels}, samples) for name, samples in values.items()]


@pytest.fixture(scope="module")
def now() -> float:
    return time.time()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, now: float) -> Iterator[str]:
    with prometheus_with([mesh(now, 0.5), records(now, 0.5, 2.0)], tmp_path_factory.mktemp("past") / "one") as url:
        yield url


def test_a_replayed_outage_would_have_paged_when_it_happened_and_no_longer(past: str, now: float) -> None:
    fast, *_ = backtest(OBJECTIVE, HttpPrometheus(past), days=HOURS / 24)
    (firing,) = fast.firings

    # Half fail: 14.4 x 0.005 x 3600 s / 0.5 = 518 s, less the windows' first, thinner minutes.
    assert 300 <= firing.start - (now - OUTAGE[0]) <= 660
    assert 0 <= firing.end - (now - OUTAGE[1]) <= 7 * 60


def test_a_calm_past_would_have_paged_nobody(tmp_path: Path, now: float) -> None:
    with prometheus_with([mesh(now, 0.0)], tmp_path / "calm") as url:
        assert [one.firings for one in backtest(OBJECTIVE, HttpPrometheus(url), days=HOURS / 24)] == [[]] * 4
        assert main(["slo", "backtest", str(FILE), "--prometheus", url, "--days", "0.1"]) == 0


def test_a_report_has_the_figures_that_a_hand_computes(past: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["slo", "report", str(FILE), "--prometheus", past, "--json", "-"])
    (said,) = json.loads(capsys.readouterr().out)

    # 20 of 180 minutes at 50 %: 5.6 % bad where 0.5 % are allowed.
    assert code == 1, "the budget is gone"
    assert said["state"] == "gone"
    assert said["bad_share"] == pytest.approx(20 / 180 * 0.5, rel=0.05)
    assert said["budget_remaining"] == pytest.approx(1 - 20 / 180 * 0.5 / 0.005, rel=0.05)
    assert said["burn_rate"] == 2.0
    assert sum(hour["budget_used"] for hour in said["worst_hours"]) == pytest.approx(1 - said["budget_remaining"])


def test_markdown_page_and_one_line_say_the_same(past: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "budgets.html"
    assert main(["slo", "report", str(FILE), "--prometheus", past, "--markdown", "-", "--html", str(page)]) == 1
    assert "| gateway-availability | 99.500000% / 30d |" in capsys.readouterr().out.replace("99.5%", "99.500000%")
    assert page.read_text(encoding="utf-8").count("<polyline") == 2
    assert main(["slo", "budget", "gateway-availability", "--prometheus", past]) == 1
    assert "of the budget of 30d is left, gone" in capsys.readouterr().out


def test_without_data_nothing_is_known(past: str) -> None:
    assert main(["slo", "budget", "auth-latency", "--prometheus", past]) == 3
