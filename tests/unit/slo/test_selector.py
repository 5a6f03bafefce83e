"""Selectors: what a query may be, and the limit of latency that a bucket's bound means."""

import pytest

from slo.selector import Selector


def test_a_query_over_several_lines_is_one_selector_in_canonical_form() -> None:
    one = Selector.parse('requests_total{\n  code=~"5..",  # ours to answer for\n  job="a"\n}\n')

    assert (one.text, one.metric) == ('requests_total{code=~"5..",job="a"}', "requests_total")


def test_a_value_keeps_its_spaces() -> None:
    query = 'requests_total{route="GET  /a b"}'

    assert Selector.parse(query).text == query


def test_a_value_keeps_its_escapes() -> None:
    query = 'latency_milliseconds_bucket{le=~"500(\\\\.0)?"}'

    assert Selector.parse(query).text == query


@pytest.mark.parametrize(
    ("query", "milliseconds"),
    [
        ('latency_milliseconds_bucket{le="500"}', 500.0),
        ('latency_milliseconds_bucket{le=~"500(\\\\.0)?"}', 500.0),
        ('latency_milliseconds_bucket{le="0.5"}', 0.5),
        ('latency_seconds_bucket{le="0.5"}', 500.0),
        ('latency_seconds_bucket{le=~"2.5"}', 2500.0),
    ],
)
def test_the_bound_of_a_bucket_is_a_limit_in_milliseconds(query: str, milliseconds: float) -> None:
    assert Selector.parse(query).bucket_ms() == milliseconds


@pytest.mark.parametrize(
    "query",
    [
        "requests_total",
        'latency_bucket{le="500"}',  # no unit in the name
        "latency_milliseconds_bucket",
        'latency_milliseconds_bucket{le="+Inf"}',
        'latency_milliseconds_bucket{le=~"250|500"}',
        'latency_milliseconds_bucket{le!="500"}',
        'latency_milliseconds_bucket{le!~"500"}',
        'latency_milliseconds_bucket{le="250",le="500"}',
        'latency_milliseconds_sum{le="500"}',
    ],
)
def test_what_is_not_one_bucket_of_a_known_unit_has_no_limit(query: str) -> None:
    assert Selector.parse(query).bucket_ms() is None


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "no expression"),
        ("requests_total[5m]", "plain metric selector"),
        ("rate(requests_total[5m])", "plain metric selector"),
        ("(requests_total)", "plain metric selector"),
        ("1", "plain metric selector"),
        ("'text'", "plain metric selector"),
        ("a / b", "plain metric selector"),
        ("requests_total{{.window}}", "unexpected"),
        ("requests_total offset 5m", "offset or @"),
        ("requests_total @ 0", "offset or @"),
        ('{__name__=~"requests.*"}', "names no metric"),
        ('requests_total{code="500" or code="503"}', "no `or` between matchers"),
        ('requests_total{code=~"("}', "illegal regex"),
    ],
)
def test_what_is_no_plain_selector_is_refused_with_its_reason(query: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Selector.parse(query)
