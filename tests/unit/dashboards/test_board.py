"""Layout, ids and the encoder of dashboards."""

from __future__ import annotations

import pytest

from dashboards.catalogue import boards, unique
from dashboards.grafana.board import Board, row
from dashboards.grafana.encoder import encode, merged, text
from dashboards.grafana.panels import Look, stat, timeseries
from dashboards.grafana.queries import Query, quantile, rate, share
from slo.links import panel_id

LOOK = Look(unit="s", steps=((1.0, "red"),))


def a_board(*names: str, uid: str = "shop", width: int = 12) -> Board:
    panels = [timeseries(name, name, "d", LOOK, Query("up"), width=width) for name in names]
    return Board(uid=uid, title=uid, description="d", rows=(row("Is it open?", *panels),))


def test_panels_flow_over_24_columns_under_their_question() -> None:
    panels = encode(a_board("a", "b", "c").to_grafanalib())["panels"]
    assert [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels] == [(0, 0), (0, 1), (12, 1), (0, 9)]


def test_a_panels_id_comes_from_its_key_so_that_alerts_can_link_to_it() -> None:
    panels = encode(a_board("a").to_grafanalib())["panels"]
    assert panels[1]["id"] == panel_id("shop/a")


def test_two_panels_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'shop/a' and 'shop/a' have the same id \d+: rename one"):
        a_board("a", "a").to_grafanalib()


def test_two_dashboards_with_one_uid_are_refused() -> None:
    with pytest.raises(ValueError, match="have the same uid 'shop': rename one"):
        unique([a_board("a"), a_board("b")])


def test_the_lowest_threshold_has_no_lower_end() -> None:
    defaults = encode(a_board("a").to_grafanalib())["panels"][1]["fieldConfig"]["defaults"]
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 1.0}]
    assert defaults["thresholds"] == {"mode": "absolute", "steps": steps}


def test_a_stat_in_words_maps_its_numbers() -> None:
    piece = stat("up", "Up", "d", Look(unit="none", states={0: ("down", "red")}), Query("up"))
    board = Board(uid="x", title="x", description="d", rows=(row("Up?", piece),))
    mapping = encode(board.to_grafanalib())["panels"][1]["fieldConfig"]["defaults"]["mappings"]
    assert mapping == [{"type": "value", "options": {"0": {"text": "down", "color": "red", "index": 0}}}]


def test_equal_dashboards_are_equal_bytes() -> None:
    first, second = ([text(encode(one.to_grafanalib())) for one in boards()] for _ in range(2))
    assert first == second


def test_what_is_given_wins_over_the_default_and_unknown_keys_are_dropped() -> None:
    assert merged({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 9, "x": 1}, "y": 1}) == {"a": 1, "b": {"c": 9, "d": 3}}


def test_queries_are_written_one_way() -> None:
    assert rate("n_total", 'a="b"', "c") == 'sum by (c) (rate(n_total{a="b"}[$__rate_interval]))'
    assert quantile(0.95, "h", 'a="b"').startswith("histogram_quantile(0.95, sum by (le) (rate(h_bucket{")
    assert share("x", "y") == "(x or 0 * y) / (y > 0)"
