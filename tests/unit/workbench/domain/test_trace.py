"""A trace's tree, and which span a log line belongs to."""

from workbench.domain.trace import LogLine, Span, Trace

INGRESS = Span("a", "", "istio-ingressgateway.istio-ingress", "GET", 1_000, 900, {"span.kind": "client"})
BEFORE = Span("b", "a", "blog.titanium-prod", "GET", 1_100, 700, {"span.kind": "server"})
SERVICE = Span("c", "b", "blog", "GET /v1/posts", 1_200, 500, {"span.kind": "server"})
BEHIND = Span("d", "c", "blog.titanium-prod", "GET", 1_300, 100, {"span.kind": "client", "error": "true"})
TRACE = Trace("t", (BEHIND, SERVICE, BEFORE, INGRESS))


def test_parents_come_first_whatever_arrived_first() -> None:
    assert [(depth, span.span_id) for depth, span in TRACE.tree()] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert (TRACE.start_us, TRACE.end_us) == (1_000, 1_900)


def test_a_span_whose_parent_never_arrived_is_shown_at_the_top() -> None:
    shown = Trace("t", (SERVICE, INGRESS)).tree()
    assert [(depth, span.span_id) for depth, span in shown] == [(0, "a"), (0, "c")]


def test_a_line_belongs_to_the_span_that_it_names() -> None:
    assert TRACE.owner(LogLine(0, "user", "", span_id="c")) == "c"


def test_an_access_log_belongs_to_its_proxys_span_on_its_side() -> None:
    assert TRACE.owner(LogLine(1_290, "blog", "", side="server")) == "b"
    assert TRACE.owner(LogLine(1_100, "blog", "", side="client")) == "d"


def test_a_line_of_nobody_known_stands_where_its_time_is() -> None:
    assert TRACE.owner(LogLine(1_001, "stranger", "")) == "a"


def test_lines_of_a_span_are_in_the_order_of_time() -> None:
    late, early = LogLine(9, "blog", "late", "c"), LogLine(5, "blog", "early", "c")
    assert TRACE.lines_by_span([late, early]) == {"c": [early, late]}


def test_errors_are_seen_in_envoys_and_opentelemetrys_spelling() -> None:
    assert BEHIND.is_error
    assert Span("x", "", "s", "n", 0, 0, {"otel.status_code": "ERROR"}).is_error
    assert not SERVICE.is_error
