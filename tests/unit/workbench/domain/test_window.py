"""A window of users' traffic: judged by the gate's arithmetic, and only when its figures are complete."""

from dataclasses import replace

import pytest

from workbench.domain.verdict import Verdict
from workbench.domain.window import Counted, judge_window

GOOD = Counted("answers", "Answers", 0.005, 0.0, 20_000.0, 1.0, 0.0, "ab" * 32, "abababababab")


def verdict(**changed: object) -> Verdict:
    return judge_window([replace(GOOD, **changed)], skew_s=0.1).verdict  # type: ignore[arg-type] # any field


def test_enough_good_events_pass_and_too_many_bad_ones_fail() -> None:
    assert verdict() is Verdict.PASS
    assert verdict(bad=400.0) is Verdict.FAIL
    assert verdict(bad=100.0) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "spoilt",
    [
        {"total": 0.0},
        {"total": 100.0},
        {"coverage": 0.5},
        {"resets": 1.0},
        {"recorded_sha256": "000000000000"},
    ],
)
@pytest.mark.parametrize("bad", [0.0, 4000.0])
def test_incomplete_figures_decide_nothing(spoilt: dict[str, object], bad: float) -> None:
    assert verdict(**{"bad": bad, **spoilt}) is Verdict.INCONCLUSIVE


def test_rules_that_are_not_loaded_are_no_contradiction() -> None:
    assert verdict(recorded_sha256=None) is Verdict.PASS


def test_another_clock_is_another_window() -> None:
    assert judge_window([GOOD], skew_s=-30.0).verdict is Verdict.INCONCLUSIVE


def test_no_objective_is_no_pass() -> None:
    assert judge_window([], skew_s=0.0).verdict is Verdict.INCONCLUSIVE


def test_extrapolated_counts_stay_counts() -> None:
    (one,) = judge_window([replace(GOOD, bad=-3.2, total=1999.6)], skew_s=0.0).slos
    assert (one.bad, one.total) == (0, 2000)
