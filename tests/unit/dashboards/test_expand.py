"""Variables and intervals as Grafana has them."""

from __future__ import annotations

import pytest

from dashboards.view.expand import ALL, Chosen, Window, duration, expand, round_interval

HOUR = Window(start_s=0, end_s=3600, points=1000, scrape_interval_s=2)


@pytest.mark.parametrize(
    ("seconds", "rounded"), [(0.001, 0.01), (3.6, 5), (14, 15), (60, 60), (86.4, 60), (91, 120), (9e8, 31536000)]
)
def test_intervals_are_rounded_as_grafana_rounds_them(seconds: float, rounded: float) -> None:
    assert round_interval(seconds) == rounded


def test_a_rates_window_is_at_least_four_scrapes_long() -> None:
    assert HOUR.rate_interval_s == max(5 + 2, 4 * 2) == 8
    assert Window(0, 86400, 1000, 15).rate_interval_s == max(60 + 15, 4 * 15) == 75


def test_an_interval_is_never_shorter_than_a_scrape() -> None:
    assert Window(0, 60, 1000, 15).interval_s == 15


@pytest.mark.parametrize(("seconds", "text"), [(0.5, "500ms"), (8, "8s"), (75, "75s"), (120, "2m"), (86400, "1d")])
def test_durations_are_in_the_largest_whole_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("query", "expanded"),
    [
        ("rate(x[$__rate_interval])", "rate(x[8s])"),
        ('x{a="$name"}', 'x{a="a.b"}'),
        ('x{a=~"${name:regex}"}', r'x{a=~"a\\.b"}'),
        ('x{a=~"$several"}', 'x{a=~"(blog|user)"}'),
        ("${several:pipe} ${several:csv}", "blog|user blog,user"),
        ('x{a="[[name]]"}', 'x{a="a.b"}'),
        ('x{a=~"$everything"}', 'x{a=~".+"}'),
        ("$nobody ${nobody}", "$nobody ${nobody}"),
        ("$__range $__range_s $__from", "1h 3600 0"),
    ],
)
def test_variables_are_put_in_their_places(query: str, expanded: str) -> None:
    values = {"name": "a.b", "several": ["blog", "user"], "everything": [ALL]}
    assert expand(query, Chosen(values, {"everything": ".+"}), HOUR) == expanded
