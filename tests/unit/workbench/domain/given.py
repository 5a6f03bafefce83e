"""A healthy run of 60 s at 100 requests/s, as observations that a test may spoil in one respect."""

from slo.criterion import Criterion
from slo.selector import Selector
from workbench.domain.observations import ClientView, Counts, Observations
from workbench.domain.series import Series

START, END, RATE = 1000.0, 1060.0, 100.0
TIMES = [START + 1 + 2 * i for i in range(30)]
BUCKETS = (10.0, 25.0, 50.0, 500.0, 1000.0, float("inf"))


def counter(rate: float, *, offset: float = 5000.0, times: list[float] | None = None) -> Series:
    """A counter that grows by `rate` a second."""
    return Series({}, [(time, offset + rate * (time - START)) for time in times or TIMES])


def criterion(*, target: float = 0.995, threshold_ms: float | None = None, good: bool = False) -> Criterion:
    return Criterion(
        name="availability" if threshold_ms is None else "latency",
        display_name="an objective",
        service="blog",
        objective=str(target),
        target=target,
        numerator=Selector("n", "n"),
        numerator_is_good=good,
        total=Selector("t", "t"),
        threshold_ms=threshold_ms,
        file="slo.yaml",
        sha256="0" * 64,
    )


def latency_counts(*, slow_rps: float = 0.0, exact_rps: float | None = None) -> Counts:
    return Counts(
        criterion(target=0.95, threshold_ms=500.0, good=True),
        numerator=[counter(RATE - slow_rps)],
        total=[counter(RATE)],
        slow=[] if exact_rps is None else [counter(exact_rps)],
    )


def healthy() -> Observations:
    requests = [(START + i / RATE, 20.0) for i in range(int(RATE * (END - START)))]
    client = ClientView(
        started_at=START,
        ended_at=END,
        target_rps=RATE,
        offered_rps=RATE,
        dropped=0,
        failed_at=[],
        lag_p99_ms=1.0,
        interrupted=False,
        requests=requests,
        target="http://127.0.0.1:21000",
    )
    timeline = Series({"instance": "127.0.0.1:21006"}, [(time, 1.0) for time in TIMES])
    return Observations(
        client=client,
        counts=[Counts(criterion(), numerator=[counter(0.0)], total=[counter(RATE)]), latency_counts()],
        timelines={"source": [timeline], "destination": [timeline]},
        reporters={"source": [counter(RATE)], "destination": [counter(RATE)]},
        histogram={bound: [counter(RATE * (0.2 if bound == BUCKETS[0] else 1.0))] for bound in BUCKETS},
        expected_ingress="127.0.0.1:21006",
        scrape_interval_s=2.0,
        prometheus_clock=END + 5,
        local_clock=END + 5,
        prometheus_started_at=START - 100,
    )
