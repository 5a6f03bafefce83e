"""Burn-rate policies: scaled to the period, and never a row that cannot fire."""

from decimal import Decimal
from pathlib import Path

import pytest

from slo.errors import MalformedError
from slo.rules.policy import rows_of
from tests.unit.slo.builders import objective, text


def test_thirty_days_have_the_workbooks_table(tmp_path: Path) -> None:
    rows = [(row.long, row.short, float(row.burn_rate), row.severity) for row in rows_of(objective(tmp_path))]

    assert rows == [
        ("1h", "5m", 14.4, "critical"),
        ("6h", "30m", 6.0, "critical"),
        ("1d", "2h", 3.0, "warning"),
        ("3d", "6h", 1.0, "warning"),
    ]


@pytest.mark.parametrize("window", ["7d", "4w", "1Q", "1d", "1Y"])
def test_a_row_stands_for_the_same_share_of_every_period(window: str, tmp_path: Path) -> None:
    one = objective(tmp_path, text(window=f"duration: {window}, isRolling: true"))
    shares = [float(row.burn_rate) * row.long_s / one.period.seconds for row in rows_of(one)]

    assert shares == pytest.approx([0.02, 0.05, 0.1, 0.1], rel=2e-3)
    assert all(row.short_s <= row.long_s for row in rows_of(one))


def test_seven_days_are_watched_by_windows_of_minutes(tmp_path: Path) -> None:
    first = rows_of(objective(tmp_path, text(window="duration: 7d, isRolling: true")))[0]

    assert (first.long, first.short, first.burn_rate) == ("14m", "2m", Decimal("14.4"))


def test_a_full_outage_is_detected_when_the_arithmetic_says(tmp_path: Path) -> None:
    three_nines = objective(tmp_path, text(promise="target: 0.999"))
    first = rows_of(three_nines)[0]

    # 14.4 x 0.001 x 3600 s
    assert first.detection_s(float(three_nines.allowance), 1.0) == pytest.approx(51.84)
    assert first.detection_s(float(three_nines.allowance), 0.1) == pytest.approx(518.4)


@pytest.mark.parametrize("target", ["0.93", "0.9305", "0.5"])
def test_a_row_that_can_never_fire_is_an_error(target: str, tmp_path: Path) -> None:
    one = objective(tmp_path, text(promise=f"target: {target}"))

    with pytest.raises(MalformedError, match=r"slo\.yaml:\d+: .*1h/5m .*'standard' can never fire.*lenient, standard"):
        rows_of(one)


def test_just_above_the_limit_it_can(tmp_path: Path) -> None:
    # 1 - 1 / 14.4 = 0.930555...
    assert rows_of(objective(tmp_path, text(promise="target: 0.9306")))


def test_another_policy_is_picked_by_annotation(tmp_path: Path) -> None:
    chosen = ", annotations: { titanium.dev/burn-rate-policy: lenient }"
    one = objective(tmp_path, text(promise="target: 0.9", metadata=chosen))

    assert [row.long for row in rows_of(one)] == ["6h", "1d", "3d"]


def test_an_unknown_policy_is_named(tmp_path: Path) -> None:
    one = objective(tmp_path, text(metadata=", annotations: { titanium.dev/burn-rate-policy: strict }"))

    with pytest.raises(MalformedError, match=r"slo\.yaml:3: .*burn-rate-policy: 'strict' is no burn-rate policy"):
        rows_of(one)
