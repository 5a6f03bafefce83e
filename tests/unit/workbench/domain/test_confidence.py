"""Looking again, and at several objectives, does not buy a false verdict: by arithmetic and by simulation."""

import math
import random

import pytest

from slo.power import ALPHA
from workbench.domain.confidence import Confidence
from workbench.domain.verdict import Verdict, judge_share

LOOKS = (1, 2, 3)


def binomial(chance: random.Random, trials: int, share: float) -> int:
    """How many of the trials are bad; exact, by the waiting times between bad ones."""
    count, position = 0, 0
    rate = -math.log1p(-share)
    while True:
        position += int(chance.expovariate(rate)) + 1
        if position > trials:
            return count
        count += 1


def verdicts(truth: float, allowance: float, first: int, *, runs: int, objectives: int = 1) -> dict[Verdict, float]:
    """The share of each verdict where a run is made again, twice as long, while it decides nothing."""
    chance = random.Random(20260101)  # noqa: S311 - a simulation, the same every time
    found = dict.fromkeys(Verdict, 0)
    for _ in range(runs):
        verdict = Verdict.INCONCLUSIVE
        for look in LOOKS:
            trials = first * 2 ** (look - 1)
            z = Confidence.of(look=look, objectives=objectives).z
            verdict = judge_share(binomial(chance, trials, truth), trials, allowance, z=z)
            if verdict is not Verdict.INCONCLUSIVE:
                break
        found[verdict] += 1
    return {verdict: count / runs for verdict, count in found.items()}


def test_all_looks_together_spend_no_more_than_is_allowed() -> None:
    for objectives in (1, 2, 5):
        spent = sum((1 - Confidence.of(look=look, objectives=objectives).level) / 2 for look in range(1, 30))
        assert spent * objectives <= ALPHA


def test_the_first_look_at_one_objective_is_99_percent_sure() -> None:
    first = Confidence.of()
    assert first.level == pytest.approx(0.99)
    assert first.z == pytest.approx(2.5758, abs=1e-4)


def test_further_looks_and_more_objectives_are_judged_more_strictly() -> None:
    z = [Confidence.of(look=look, objectives=objectives).z for objectives in (1, 2) for look in (1, 2)]
    assert z[0] < z[1] < z[3]
    assert z[1] == pytest.approx(z[2]), "half the error for twice the objectives, or for the second look"


@pytest.mark.parametrize(("allowance", "first"), [(0.05, 1_000), (0.05, 6_000), (0.005, 2_000), (0.005, 6_000)])
def test_a_build_exactly_at_the_limit_passes_at_most_once_in_a_hundred_times(allowance: float, first: int) -> None:
    found = verdicts(allowance, allowance, first, runs=4_000)

    assert found[Verdict.PASS] <= ALPHA
    # Few bad events are skewed towards more: at the other side the normal approximation is a little short.
    assert found[Verdict.FAIL] <= 2 * ALPHA


def test_judged_by_the_same_interval_again_and_again_it_would_pass_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    at_95_percent = Confidence(0.95, 1.96)
    monkeypatch.setattr(Confidence, "of", classmethod(lambda _cls, **_: at_95_percent))
    assert verdicts(0.05, 0.05, 2_000, runs=2_000)[Verdict.PASS] > 3 * ALPHA


@pytest.mark.parametrize(("share", "expected"), [(0.5, Verdict.PASS), (2.0, Verdict.FAIL)])
def test_a_build_clearly_on_one_side_is_told_apart(share: float, expected: Verdict) -> None:
    assert verdicts(0.005 * share, 0.005, 6_000, runs=500, objectives=2)[expected] >= 0.99


@pytest.mark.parametrize(("look", "objectives"), [(0, 1), (1, 0)])
def test_no_look_and_no_objective_are_refused(look: int, objectives: int) -> None:
    with pytest.raises(ValueError, match="look"):
        Confidence.of(look=look, objectives=objectives)
