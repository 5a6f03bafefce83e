"""Error budgets and replayed alerts: arithmetic that can be done by hand."""

import pytest

from workbench.domain.budget import Moment, budget, remaining_over_time, worst_hours
from workbench.domain.replay import Condition, Firing, Rates, replay

# Two hours at 100 a second, an hour at 100 of which one in ten fails, and a quiet hour.
MOMENTS = [
    *(Moment(minute * 60.0, 0.0, 100.0) for minute in range(120)),
    *(Moment(minute * 60.0, 10.0, 100.0) for minute in range(120, 180)),
    *(Moment(minute * 60.0, 0.0, 1.0) for minute in range(180, 240)),
]
ALL = 100.0 * 180 + 60.0


def test_the_share_is_weighted_by_traffic() -> None:
    found = budget(MOMENTS, 0.05, burn_rate=0.0, period_s=240 * 60)
    assert found is not None
    assert found.bad_share == pytest.approx(600 / ALL)
    assert found.used == pytest.approx(600 / ALL / 0.05)
    assert found.covered == 1.0


def test_a_budget_ends_when_it_burns_and_never_when_it_does_not() -> None:
    burning, resting = (budget(MOMENTS, 0.05, burn_rate=rate, period_s=14_400) for rate in (2.0, 0.0))
    assert burning is not None
    assert resting is not None
    assert burning.exhausted_in_s(14_400) == pytest.approx(burning.remaining * 7200)
    assert resting.exhausted_in_s(14_400) is None
    gone = budget(MOMENTS, 0.01, burn_rate=1.0, period_s=14_400)
    assert gone is not None
    assert gone.exhausted_in_s(14_400) == 0.0


def test_without_traffic_there_is_no_budget_to_speak_of() -> None:
    assert budget([], 0.05, burn_rate=None, period_s=60) is None
    assert budget([Moment(0, 0, 0)], 0.05, burn_rate=None, period_s=60) is None
    assert remaining_over_time([], 0.05) == []


def test_the_line_ends_at_what_is_left() -> None:
    found = budget(MOMENTS, 0.05, burn_rate=None, period_s=14_400)
    assert found is not None
    assert remaining_over_time(MOMENTS, 0.05)[-1][1] == pytest.approx(found.remaining)


def test_the_worst_hour_is_the_one_with_the_errors() -> None:
    (hour,) = worst_hours(MOMENTS, 0.05)
    assert hour.time == 7200.0
    assert hour.bad_share == pytest.approx(0.1)
    assert hour.used == pytest.approx(600 / ALL / 0.05)


def rates(bad: list[float]) -> Rates:
    return Rates({60.0 * i: value for i, value in enumerate(bad)}, {60.0 * i: 100.0 for i in range(len(bad))})


def test_an_alert_would_have_fired_while_both_windows_were_over_the_limit() -> None:
    long, short = rates([0, 0, 8, 9, 9, 8, 0]), rates([0, 9, 9, 9, 0, 0, 0])
    times = sorted(long.total)
    assert replay(times, long, short, Condition(0.072, 5, 3600)) == [Firing(120.0, 240.0)]
    assert replay(times, long, short, Condition(0.072, 1e9, 3600)) == []


def test_an_alert_that_never_ended_fires_to_the_end_and_no_data_fires_nothing() -> None:
    bad = rates([0, 9, 9])
    assert replay(sorted(bad.total), bad, bad, Condition(0.072, 0, 3600)) == [Firing(60.0, 120.0)]
    assert replay([], Rates({}, {}), Rates({}, {}), Condition(0.072, 0, 3600)) == []
