"""Where each millisecond goes."""

import pytest
from promql_parser import parse

from workbench.bench.hops import LAYERS, REQUESTS_QUERY, NoSamplesError, breakdown, collect

# Summed milliseconds of each layer over ten requests, from outside to inside.
SUMS = dict(zip((layer.name for layer in LAYERS), (200.0, 180.0, 150.0, 120.0, 110.0, 90.0, 60.0), strict=True))


def test_what_the_layers_add_is_the_clients_mean() -> None:
    shares = breakdown(SUMS, requests=10, client_mean_ms=22.0)
    assert sum(share.ms for share in shares) == pytest.approx(22.0)


def test_a_layer_adds_what_the_one_beneath_it_does_not_explain() -> None:
    added = {share.name: share.ms for share in breakdown(SUMS, requests=10, client_mean_ms=22.0)}
    assert added["client"] == pytest.approx(2.0)
    assert added["gateway"] == pytest.approx(3.0)
    assert added["service"] == pytest.approx(6.0)


class Counters:
    """A Prometheus whose every counter stands at 100 before the run and at 130 after it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, promql: str) -> float:
        self.asked.append(promql)
        parse(promql)
        return 130.0 if "@ 1700000060.500" in promql else 100.0


def test_every_layer_is_the_difference_of_two_moments_in_valid_promql() -> None:
    counters = Counters()
    sums, requests = collect(counters, before=1700000000.0, after=1700000060.5)
    assert requests == 30.0
    assert sums == dict.fromkeys(SUMS, 30.0)
    assert not [promql for promql in counters.asked if "{at}" in promql]
    assert REQUESTS_QUERY.replace("{at}", "1700000000.000") in counters.asked


def test_what_envoy_cuts_off_is_added_back_to_its_layers_only() -> None:
    assert ["0.5 * " in layer.query for layer in LAYERS] == [True, True, False, False, True, True, False]


@pytest.mark.parametrize("nothing", [None, 100.0])
def test_a_layer_that_reported_nothing_is_an_error_and_not_a_zero(nothing: float | None) -> None:
    with pytest.raises(NoSamplesError, match="no samples of ingress"):
        collect(lambda _: nothing, before=1.0, after=2.0)
