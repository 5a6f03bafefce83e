"""How much longer a run would have to be."""

import pytest

from workbench.domain.outlook import more_seconds, needed_in_all
from workbench.domain.verdict import Verdict, judge_share

Z = 2.576


@pytest.mark.parametrize(
    ("bad", "total", "allowance"), [(0, 500, 0.005), (10, 3000, 0.005), (30, 1000, 0.05), (0, 10, 0.05)]
)
def test_with_so_many_requests_it_is_decided_and_with_a_few_less_it_is_not(
    bad: int, total: int, allowance: float
) -> None:
    size = needed_in_all(bad, total, allowance, z=Z)
    assert size is not None
    assert judge_share(round(bad / total * size), size, allowance, z=Z) is not Verdict.INCONCLUSIVE
    fewer = int(size * 0.97)
    assert judge_share(round(bad / total * fewer), fewer, allowance, z=Z) is Verdict.INCONCLUSIVE


def test_seconds_follow_from_the_rate() -> None:
    size = needed_in_all(0, 500, 0.005, z=Z)
    assert size is not None
    assert more_seconds(0, 500, 0.005, z=Z, rate=100) == pytest.approx((size - 500) / 100)


def test_what_is_decided_needs_nothing_more() -> None:
    assert more_seconds(0, 6000, 0.005, z=Z, rate=100) == 0.0


def test_exactly_at_the_limit_nothing_ever_decides() -> None:
    assert more_seconds(50, 10_000, 0.005, z=Z, rate=100) is None


def test_without_requests_nothing_is_known() -> None:
    assert needed_in_all(0, 0, 0.005, z=Z) is None
