"""Queries in the forms found in the wild: what each means over a window."""

import promql_parser
import pytest

from slo.query import Query


@pytest.mark.parametrize(
    ("written", "over_an_hour"),
    [
        ('http_requests_total{code=~"5.."}', 'sum(rate(http_requests_total{code=~"5.."}[1h]))'),
        ("sum(http_requests_total)", "sum(rate(http_requests_total[1h]))"),
        ("sum by (route) (http_requests_total)", "sum(rate(http_requests_total[1h]))"),
        ("sum(rate(http_requests_total[{{.window}}]))", "sum(sum(rate(http_requests_total[1h])))"),
        ("rate(a_total[{{ .Window }}]) + rate(b_total[{{window}}])", "sum(rate(a_total[1h]) + rate(b_total[1h]))"),
        ('x_total{text="( a )"}', 'sum(rate(x_total{text="( a )"}[1h]))'),
    ],
)
def test_a_query_has_a_rate_over_any_window(written: str, over_an_hour: str) -> None:
    assert Query.parse({"query": written}).over(3600, counter=True) == over_an_hour


def test_the_text_may_stand_under_promql() -> None:
    assert Query.parse({"promql": "up"}).value == "up"


def test_what_goes_up_and_down_is_averaged() -> None:
    assert Query.parse({"query": "pool"}).over(300, counter=False) == "sum(avg_over_time(pool[5m]))"


def test_a_long_expression_stays_one_line_and_means_the_same() -> None:
    long = " + ".join(f'sum(rate(requests_total{{job="a_rather_long_name",code="{code}"}}[5m]))' for code in range(8))
    found = Query.parse({"query": long})

    assert "\n" not in found.value
    assert promql_parser.parse(found.value).prettify() == promql_parser.parse(long).prettify()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "is missing"),
        ({"query": "  "}, "is missing"),
        ({"query": 5}, "is missing"),
        ({"query": "vector(1)"}, "selects no metric"),
        ({"query": "sum(rate("}, "unexpected|invalid|unclosed|end"),
        ({"query": "x offset 5m"}, "offset"),
        ({"query": '{a="b"}'}, "names no metric"),
    ],
)
def test_what_is_no_query_is_refused(spec: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Query.parse(spec)


def test_an_expression_without_a_place_for_a_window_has_no_rate() -> None:
    with pytest.raises(ValueError, match=r"put the window as \{\{\.window\}\}"):
        Query.parse({"query": "rate(x[5m])"}).over(300, counter=True)
