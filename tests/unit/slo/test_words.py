"""What is said about objectives in words: explanations, differences, and how long a run must be."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from slo import power
from slo.compare import compare
from slo.explain import explain, humanly
from slo.rules import names
from tests.unit.slo.builders import objective, ratio, text

if TYPE_CHECKING:
    from pathlib import Path

    from slo.objective import Objective


def at(folder: Path, name: str, written: str) -> Objective:
    (folder / name).mkdir()
    return objective(folder / name, written)


def test_an_alert_says_when_a_full_outage_fires_it(tmp_path: Path) -> None:
    three_nines = objective(tmp_path, text(promise="target: 0.999"))
    said = {one.title: one.sentence for one in explain(three_nines)}

    fast = said[f"{names.BURN_ALERT} (1h)"]
    assert "A full outage fires it after 51.8 s (14.4 x 0.001 x 3600 s / 1)" in fast
    assert "an outage of every tenth event after 8.64 min" in fast
    assert "2.0% of the budget of 30d" in fast


def test_a_slow_loss_may_be_slower_than_a_row_looks_for(tmp_path: Path) -> None:
    said = {one.title: one.sentence for one in explain(objective(tmp_path, text(promise="target: 0.95")))}
    assert "every tenth event never" in said[f"{names.BURN_ALERT} (1h)"]


def test_every_rule_is_explained(tmp_path: Path) -> None:
    assert all(len(one.sentence) > 20 for one in explain(objective(tmp_path)))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(51.84, "51.8 s"), (60, "1 min"), (90, "90 s"), (5400, "90 min"), (7200, "2 h"), (86400, "1 d")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert humanly(seconds) == words


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            text(),
            text(promise="target: 0.999"),
            r"stricter: 99% becomes 99\.9%, so that 0\.1 times as many events may be bad",
        ),
        (text(promise="target: 0.999"), text(), "more lenient"),
        (text(), text(window="duration: 7d, isRolling: true"), r"the window 30d \(rolling\) becomes 7d \(rolling\)"),
        (text(), text(ratio(numerator='requests_total{code=~"5.."}')), "measures something else"),
        (text(), text(metadata=", labels: { team: shop }"), "is owned by shop instead of nobody"),
        (
            text(),
            text(metadata=", annotations: { titanium.dev/burn-rate-policy: lenient }"),
            "burn-rate policy lenient; a full outage alerts after",
        ),
    ],
)
def test_a_change_is_said_in_words(before: str, after: str, said: str, tmp_path: Path) -> None:
    (sentence,) = compare([at(tmp_path, "before", before)], [at(tmp_path, "after", after)])
    assert re.search(said, sentence), sentence


def test_objectives_that_come_and_go_are_said(tmp_path: Path) -> None:
    one = objective(tmp_path)
    assert ["is new" in sentence for sentence in compare([], [one])] == [True]
    assert ["is gone" in sentence for sentence in compare([one], [])] == [True]
    assert list(compare([one], [one])) == []


def test_a_sample_of_the_needed_size_decides_as_often_as_it_promises() -> None:
    # 0.05 allowed, 0.025 true: by hand ((2.576 * 0.21794 + 1.64485 * 0.15612) / 0.025)^2 = 1072.
    size = power.needed(0.05, 0.025)
    assert size == pytest.approx(1072, abs=2)
    chance, decided = random.Random(7), 0  # noqa: S311 - a simulation, the same every time
    for _ in range(1000):
        bad = sum(chance.random() < 0.025 for _ in range(size))
        decided += (bad - 0.05 * size) / (0.05 * 0.95 * size) ** 0.5 < -2.576
    assert decided / 1000 >= 0.93


@pytest.mark.parametrize(("allowance", "share"), [(0.05, 0.05), (0.0, 0.1), (1.0, 0.1), (0.05, -0.1)])
def test_what_cannot_be_told_apart_is_refused(allowance: float, share: float) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        power.needed(allowance, share)


def test_no_rate_takes_no_time() -> None:
    with pytest.raises(ValueError, match="sends nothing"):
        power.duration_s(0.05, 0.0)
