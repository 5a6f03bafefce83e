"""The gate: from observations to a judgement, pure.

Latency is judged as a share: "P95 < 500 ms" is "95 % within 500 ms", never an interpolated quantile. Envoy's histogram
puts durations up to 509 ms into the bucket of 500, so the bad ones are the larger of what the mesh counts exactly (a
counter of slow requests, where there is one) and its histogram plus what the client saw between 500 and 510 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.domain.confidence import Confidence
from workbench.domain.observations import ClientView, Counts, Observations
from workbench.domain.preconditions import Precondition, check, p95_bucket, span_of
from workbench.domain.series import Span, increase
from workbench.domain.verdict import Verdict, judge_share, overall
from workbench.domain.wilson import Interval, wilson

# Envoy's histograms keep two significant digits: 509 ms is still "500" (measured on 1.40).
BUCKET_ERROR: Final = 0.02


@dataclass(frozen=True)
class Tally:
    """What the verdict on one objective is computed from: increases of counters over the counted span.

    `hidden` are the client's requests that were slower than the limit and that the mesh's buckets put below it.
    """

    matched: int
    total: int
    slow: int
    hidden: int

    def bad(self, *, numerator_is_good: bool) -> int:
        """Return the bad events, never fewer than none and never more than all."""
        # A counter that was reset may have shrunk; the precondition says so, here it must not become a negative count.
        counted = self.total - self.matched if numerator_is_good else self.matched
        return min(max(0, self.total), max(0, counted + self.hidden, self.slow))


@dataclass(frozen=True)
class SloJudgement:
    """One objective: what was counted, and what that says."""

    counts: Counts
    tally: Tally
    bad: int
    total: int
    allowance: float
    interval: Interval
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """The verdict on a run, with everything it rests on; `p95_bucket_ms` is between which bounds the mesh saw P95."""

    verdict: Verdict
    slos: Sequence[SloJudgement]
    preconditions: Sequence[Precondition]
    span: Span | None
    p95_bucket_ms: tuple[float, float] | None
    confidence: Confidence

    @property
    def trusted(self) -> bool:
        return all(one.holds for one in self.preconditions)

    @property
    def another_run_may_decide(self) -> bool:
        """Whether nothing is wrong but the number of requests, or a busy moment of the generator."""
        open_ones = [one for one in self.preconditions if not one.holds]
        return self.verdict is Verdict.INCONCLUSIVE and all(one.transient for one in open_ones)


def judge(observations: Observations, *, look: int = 1) -> Judgement:
    """Judge a run; `look` is its number where runs are made again until one decides."""
    span = span_of(observations, "source")
    confidence = Confidence.of(look=look, objectives=max(1, len(observations.counts)))
    slos = [_judge(counts, observations.client, span, confidence) for counts in observations.counts]
    preconditions = check(observations, confidence)
    return Judgement(
        verdict=overall((slo.verdict for slo in slos), trusted=all(one.holds for one in preconditions)),
        slos=slos,
        preconditions=preconditions,
        span=span,
        p95_bucket_ms=p95_bucket(observations),
        confidence=confidence,
    )


def _judge(counts: Counts, client: ClientView, span: Span | None, confidence: Confidence) -> SloJudgement:
    tally = _tally(counts, client, span) if span else Tally(0, 0, 0, 0)
    total, bad = max(0, tally.total), tally.bad(numerator_is_good=counts.criterion.numerator_is_good)
    # The objective's decimal digits, so that 1 - 0.95 is 0.05 and not 0.050000000000000044.
    allowance, z = round(1 - counts.criterion.target, 12), confidence.z
    interval, verdict = wilson(bad, total, z=z), judge_share(bad, total, allowance, z=z)
    return SloJudgement(counts, tally, bad, total, allowance, interval, verdict)


def _tally(counts: Counts, client: ClientView, span: Span) -> Tally:
    threshold = counts.criterion.threshold_ms
    hidden = 0
    if threshold is not None:
        hidden = sum(
            span.start <= start < span.end and threshold < latency <= threshold * (1 + BUCKET_ERROR)
            for start, latency in client.requests
        )
    return Tally(
        matched=round(increase(counts.numerator, span)),
        total=round(increase(counts.total, span)),
        slow=round(increase(counts.slow, span)) if threshold is not None else 0,
        hidden=hidden,
    )
