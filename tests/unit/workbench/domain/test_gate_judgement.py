"""The judgement of a run: what passes, what breaks, and what each precondition stops."""

from collections.abc import Callable

import pytest

from tests.unit.workbench.domain import given
from workbench.domain.gate import judge
from workbench.domain.observations import Counts, Observations
from workbench.domain.preconditions import client_p95_ms
from workbench.domain.series import Series
from workbench.domain.verdict import Verdict

Observe = Callable[..., Observations]


def failed(observations: Observations) -> list[str]:
    return [one.name for one in judge(observations).preconditions if not one.holds]


def test_a_healthy_run_passes_with_every_precondition_met(observe: Observe) -> None:
    judgement = judge(observe())

    assert judgement.verdict is Verdict.PASS
    assert judgement.trusted
    assert [(slo.bad, slo.total) for slo in judgement.slos] == [(0, 5800), (0, 5800)]
    assert judgement.p95_bucket_ms == (10.0, 25.0)


def test_errors_above_the_allowance_fail(observe: Observe) -> None:
    counts = Counts(given.criterion(), numerator=[given.counter(3.0)], total=[given.counter(100.0)])

    assert judge(observe(counts=[counts])).verdict is Verdict.FAIL


def test_errors_at_the_allowance_need_more_requests(observe: Observe) -> None:
    counts = Counts(given.criterion(), numerator=[given.counter(0.5)], total=[given.counter(100.0)])
    judgement = judge(observe(counts=[counts]))

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.another_run_may_decide


def test_slow_requests_above_the_allowance_fail(observe: Observe) -> None:
    assert judge(observe(counts=[given.latency_counts(slow_rps=10.0)])).verdict is Verdict.FAIL


def test_what_the_bucket_of_500_ms_hides_is_found_in_the_clients_latencies(observe: Observe) -> None:
    requests = [(1000 + i / 100, 505.0 if i % 10 == 0 else 20.0) for i in range(6000)]

    judgement = judge(observe(client_requests=requests))

    assert judgement.slos[1].bad == 580
    assert judgement.slos[1].verdict is Verdict.FAIL


def test_the_exact_counter_of_slow_requests_counts_when_it_says_more(observe: Observe) -> None:
    counts = [given.latency_counts(slow_rps=0.0, exact_rps=10.0)]

    assert judge(observe(counts=counts)).slos[0].bad == 580


def test_an_error_series_that_begins_in_the_middle_of_the_run_counts_from_zero(observe: Observe) -> None:
    born = Series({}, [(time, 7.0) for time in given.TIMES[20:]])
    counts = Counts(given.criterion(), numerator=[born], total=[given.counter(100.0)])

    assert judge(observe(counts=[counts])).slos[0].bad == 7


SPOILED = [
    ("the load ran to its end", {"client_interrupted": True}),
    ("clocks agree", {"prometheus_clock": 1070.0}),
    ("the load was offered", {"client_offered_rps": 90.0}),
    ("the load was offered", {"client_dropped": 1}),
    ("the generator kept its schedule", {"client_lag_p99_ms": 10.5}),
    ("Prometheus was not restarted", {"prometheus_started_at": 1030.0}),
    (
        "both ends of the mesh agree",
        {"reporters": {"source": [given.counter(100.0)], "destination": [given.counter(90.0)]}},
    ),
    ("client and mesh agree on P95", {"client_requests": [(given.START + i / 100, 60.0) for i in range(6000)]}),
    ("client and mesh agree on P95", {"client_requests": [(given.START + i / 100, 5.0) for i in range(6000)]}),
    ("client and mesh see the same failures", {"client_failed_at": [given.START + 5 + i for i in range(10)]}),
    ("nothing failed where no scrape looks", {"client_failed_at": [given.END - 0.5 + i / 100 for i in range(10)]}),
    ("nothing failed where no scrape looks", {"client_failed_at": [given.START + i / 100 for i in range(10)]}),
    ("Prometheus watches the platform that was loaded", {"expected_ingress": "127.0.0.1:22006"}),
]


@pytest.mark.parametrize(("name", "change"), SPOILED)
def test_one_thing_that_is_wrong_is_named_and_stops_the_verdict(
    observe: Observe, name: str, change: dict[str, object]
) -> None:
    observations = observe(**change)

    assert failed(observations) == [name]
    assert judge(observations).verdict is Verdict.INCONCLUSIVE


def test_failures_that_the_mesh_counts_too_are_no_doubt(observe: Observe) -> None:
    errors = Series({"response_code": "503"}, given.counter(3.0).samples)
    reporters = {"source": [given.counter(97.0), errors], "destination": [given.counter(100.0)]}
    felt = [given.START + 2 + i / 3 for i in range(170)]

    assert failed(observe(reporters=reporters, client_failed_at=felt)) == []


def test_the_clients_p95_is_that_of_the_requests_the_mesh_is_asked_about(observe: Observe) -> None:
    outside = [(given.START + 0.5, 900.0)] * 500
    inside = [(given.START + 1 + i / 100, 20.0 if i % 20 else 40.0) for i in range(4000)]

    assert client_p95_ms(observe(client_requests=outside + inside)) == 20.0
    assert client_p95_ms(observe(client_requests=[*inside, (given.START + 2, 40.0)])) == 40.0
    assert client_p95_ms(observe(client_requests=outside)) is None


def test_a_breach_between_the_scrapes_is_one_whatever_failed_beyond_them(observe: Observe) -> None:
    errors = Series({"response_code": "503"}, given.counter(3.0).samples)
    reporters = {"source": [given.counter(97.0), errors], "destination": [given.counter(100.0)]}
    felt = [given.START + 2 + i / 3 for i in range(170)] + [given.END - 0.5] * 40

    assert failed(observe(reporters=reporters, client_failed_at=felt)) == []


def mesh_p95_between_50_and_500_ms() -> dict[str, object]:
    shares = {bound: 0.0 if bound < 500 else 1.0 for bound in given.BUCKETS}
    return {"histogram": {bound: [given.counter(given.RATE * share)] for bound, share in shares.items()}}


@pytest.mark.parametrize(("client_ms", "holds"), [(490.0, True), (505.0, True), (515.0, False), (620.0, False)])
def test_the_slack_of_p95_does_not_reach_over_the_limit(observe: Observe, client_ms: float, *, holds: bool) -> None:
    requests = [(given.START + i / 100, client_ms) for i in range(6000)]
    doubts = failed(observe(client_requests=requests, **mesh_p95_between_50_and_500_ms()))

    assert doubts == ([] if holds else ["client and mesh agree on P95"])


def test_what_was_slow_where_no_scrape_looks_stops_the_verdict(observe: Observe) -> None:
    requests = [(given.START + i / 100, 20.0 if i < 5895 else 2000.0) for i in range(6000)]
    early = [(start, 2000.0 if start < given.START + 1 else latency) for start, latency in requests]
    late = Series({"instance": "127.0.0.1:21006"}, [(time, 1.0) for time in given.TIMES[2:]])
    unwatched = {"source": [late], "destination": [late]}
    slow = [(start, 2000.0 if start < given.TIMES[2] else latency) for start, latency in requests]

    assert failed(observe(client_requests=early)) == []
    assert failed(observe(client_requests=slow, timelines=unwatched)) == ["client and mesh agree on P95"]


def test_too_few_requests_are_worth_a_longer_run(observe: Observe) -> None:
    counts = Counts(given.criterion(), numerator=[given.counter(0.0)], total=[given.counter(20.0)])
    few = judge(observe(counts=[counts]))

    assert [one.name for one in few.preconditions if not one.holds] == ["enough requests"]
    assert few.another_run_may_decide


def test_a_platform_elsewhere_is_told_by_its_counts_alone(observe: Observe) -> None:
    pod = Series({"instance": "10.1.2.3:15090"}, [(time, 1.0) for time in given.TIMES])

    assert failed(observe(timelines={"source": [pod], "destination": [pod]})) == []
    assert failed(observe(expected_ingress=None)) == []


def test_only_a_busy_generator_is_worth_another_run(observe: Observe) -> None:
    assert judge(observe(client_lag_p99_ms=50.0)).another_run_may_decide
    assert not judge(observe(prometheus_started_at=1030.0)).another_run_may_decide
    assert not judge(observe(prometheus_started_at=1030.0, client_lag_p99_ms=50.0)).another_run_may_decide


def test_a_breach_that_cannot_be_trusted_is_no_breach(observe: Observe) -> None:
    counts = [given.latency_counts(slow_rps=50.0)]

    assert judge(observe(counts=counts, client_lag_p99_ms=99.0)).verdict is Verdict.INCONCLUSIVE


def test_missing_scrapes_stop_the_verdict(observe: Observe) -> None:
    half = Series({}, [(time, 1.0) for time in given.TIMES[:15]])

    assert "Prometheus watched all the time" in failed(observe(timelines={"source": [half], "destination": [half]}))


def test_a_target_that_was_down_for_a_while_stops_the_verdict(observe: Observe) -> None:
    down = Series({}, [(time, 0.0 if 1020 < time < 1030 else 1.0) for time in given.TIMES])
    whole = given.healthy().timelines["source"][0]

    assert failed(observe(timelines={"source": [whole], "destination": [down]})) == ["Prometheus watched all the time"]


def test_a_proxy_that_was_restarted_stops_the_verdict(observe: Observe) -> None:
    reset = Series({}, [(time, value if time < 1030 else value - 5900) for time, value in given.counter(100.0).samples])
    counts = Counts(given.criterion(), numerator=[given.counter(0.0)], total=[reset])

    assert "no counter was reset" in failed(observe(counts=[counts]))


def test_data_of_another_platform_stops_the_verdict(observe: Observe) -> None:
    foreign = {"source": [given.counter(10.0)], "destination": [given.counter(10.0)]}

    assert failed(observe(reporters=foreign)) == ["client and mesh count the same requests"]


def test_a_slow_platform_may_have_more_in_flight_at_the_edges_of_the_window(observe: Observe) -> None:
    more = {"source": [given.counter(108.0)], "destination": [given.counter(104.0)]}
    slow = [(1000 + i / 100, 3000.0) for i in range(6000)]

    assert "client and mesh count the same requests" in failed(observe(reporters=more))
    assert "client and mesh count the same requests" not in failed(observe(reporters=more, client_requests=slow))
    assert "both ends of the mesh agree" not in failed(observe(reporters=more, client_requests=slow))


def test_an_empty_prometheus_passes_nothing(observe: Observe) -> None:
    nothing = Counts(given.criterion(), numerator=[], total=[])
    judgement = judge(
        observe(counts=[nothing], timelines={}, reporters={"source": [], "destination": []}, histogram={})
    )

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "enough requests" in [one.name for one in judgement.preconditions if not one.holds]
    assert judgement.p95_bucket_ms is None
