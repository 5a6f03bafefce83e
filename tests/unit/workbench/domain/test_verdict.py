"""Verdicts: one objective, several together, and that more failures never help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.verdict import Verdict, judge_share, overall

_RANK = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


@pytest.mark.parametrize(
    ("bad", "total", "expected"),
    [
        (0, 6000, Verdict.PASS),
        (30, 6000, Verdict.INCONCLUSIVE),
        (60, 6000, Verdict.FAIL),
        (0, 0, Verdict.INCONCLUSIVE),
        (0, 700, Verdict.INCONCLUSIVE),
        (5, 5, Verdict.FAIL),
    ],
)
def test_a_share_is_judged_by_its_interval(bad: int, total: int, expected: Verdict) -> None:
    assert judge_share(bad, total, 0.005) is expected


@given(st.integers(1, 5000), st.data(), st.sampled_from([0.001, 0.005, 0.05, 0.3]))
def test_one_more_failure_never_improves_a_verdict(total: int, data: st.DataObject, allowance: float) -> None:
    bad = data.draw(st.integers(0, total - 1))

    assert _RANK[judge_share(bad + 1, total, allowance)] >= _RANK[judge_share(bad, total, allowance)]


def test_one_breach_breaks_everything() -> None:
    assert overall([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL], trusted=True) is Verdict.FAIL


def test_one_doubt_leaves_everything_open() -> None:
    assert overall([Verdict.PASS, Verdict.INCONCLUSIVE], trusted=True) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_figures_that_cannot_be_trusted_prove_nothing(verdict: Verdict) -> None:
    assert overall([verdict], trusted=False) is Verdict.INCONCLUSIVE


def test_nothing_to_judge_is_no_pass() -> None:
    assert overall([], trusted=True) is Verdict.INCONCLUSIVE
