"""Judges a window of time by what a Prometheus counted in it, without a load run of one's own. Pure.

Where traffic is users' and not a generator's, there is no client to compare with; it remains to be asked whether the
figures are complete: enough events, scrapes all the time, no counter that was reset, rules made from this very file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.domain.confidence import Confidence
from workbench.domain.preconditions import Precondition
from workbench.domain.verdict import Verdict, judge_share, overall
from workbench.domain.wilson import Interval, smallest_conclusive, wilson

COVERAGE: Final = 0.9
"""The share of the expected samples that every series must have."""

CLOCK_SKEW_S: Final = 2.0


@dataclass(frozen=True)
class Counted:
    """What was counted for one objective in the window: bad and all events (fractions are extrapolation), and how well.

    `coverage` is the share of the expected samples that the poorest series has, `resets` how often a counter began
    again, `recorded_sha256` the beginning of the digest of the file that the loaded rules were made from, if any are.
    """

    name: str
    display_name: str
    allowance: float
    bad: float
    total: float
    coverage: float
    resets: float
    sha256: str
    recorded_sha256: str | None


@dataclass(frozen=True)
class WindowSlo:
    """One objective's verdict."""

    counted: Counted
    bad: int
    total: int
    interval: Interval
    verdict: Verdict


@dataclass(frozen=True)
class WindowJudgement:
    """The verdict on a window, and what it rests on."""

    verdict: Verdict
    slos: Sequence[WindowSlo]
    preconditions: Sequence[Precondition]
    confidence: Confidence


def judge_window(counted: Sequence[Counted], *, skew_s: float, look: int = 1) -> WindowJudgement:
    """Judge; `skew_s` is by how much Prometheus' clock differs from this machine's."""
    confidence = Confidence.of(look=look, objectives=max(1, len(counted)))
    slos = [_judge(one, confidence) for one in counted]
    preconditions = [_clock(skew_s), *(one for each in counted for one in _preconditions(each, confidence))]
    verdict = overall((one.verdict for one in slos), trusted=all(one.holds for one in preconditions))
    return WindowJudgement(verdict, slos, preconditions, confidence)


def _judge(counted: Counted, confidence: Confidence) -> WindowSlo:
    total = max(0, round(counted.total))
    bad = min(total, max(0, round(counted.bad)))
    interval = wilson(bad, total, z=confidence.z)
    verdict = judge_share(bad, total, counted.allowance, z=confidence.z)
    return WindowSlo(counted, bad, total, interval, verdict)


def _clock(skew_s: float) -> Precondition:
    return Precondition(
        "clocks agree",
        abs(skew_s) <= CLOCK_SKEW_S,
        f"Prometheus is {skew_s:+.1f} s from this machine",
        "set the clocks (NTP): the window would be another one",
    )


def _preconditions(counted: Counted, confidence: Confidence) -> list[Precondition]:
    wanted, name = smallest_conclusive(counted.allowance, z=confidence.z), counted.name
    recorded = counted.recorded_sha256
    return [
        Precondition(
            f"{name}: enough events",
            counted.total >= wanted,
            f"{counted.total:.0f}, at least {wanted} are needed",
            "take a longer window; with no events at all, look whether the queries select anything",
        ),
        Precondition(
            f"{name}: scraped all the time",
            counted.coverage >= COVERAGE,
            f"{counted.coverage:.0%} of the expected samples",
            "what was not scraped was not seen: look at the targets",
        ),
        Precondition(
            f"{name}: no counter was reset",
            counted.resets == 0,
            f"{counted.resets:.0f} resets",
            "something restarted in the window: judge one after it",
        ),
        Precondition(
            f"{name}: the loaded rules are made from this file",
            recorded is None or counted.sha256.startswith(recorded),
            "no rules are loaded" if recorded is None else f"made from {recorded}, the file is {counted.sha256[:12]}",
            "compile and load the rules: titanium slo compile",
        ),
    ]
