"""Where each millisecond goes."""

import pytest
from promql_parser import parse

from workbench.bench.hops import LAYERS, REQUESTS_QUERY, NoSamplesError, breakdown, collect, over

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


def test_every_query_is_promql_over_the_whole_window() -> None:
    asked: list[str] = []

    def query(promql: str) -> float:
        asked.append(promql)
        parse(promql)
        return 10.0

    sums, requests = collect(query, ended_at=1700000000.5, window_s=60.4)
    assert requests == 10.0
    assert set(sums) == set(SUMS)
    assert all("[60s] @ 1700000000.500" in promql and "{window}" not in promql for promql in asked)
    assert over(REQUESTS_QUERY, 1700000000.5, 60.4) in asked


def test_what_envoy_cuts_off_is_added_back_to_its_layers_only() -> None:
    assert ["0.5 * " in layer.query for layer in LAYERS] == [True, True, False, False, True, True, False]


@pytest.mark.parametrize("nothing", [None, 0.0])
def test_a_layer_without_samples_is_an_error_and_not_a_zero(nothing: float | None) -> None:
    with pytest.raises(NoSamplesError, match="no samples of ingress"):
        collect(lambda _: nothing, ended_at=1.0, window_s=60)
