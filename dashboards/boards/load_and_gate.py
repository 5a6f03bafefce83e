"""Load and gate: what was offered, what was held, and what the gate said about it."""

from __future__ import annotations

from dashboards.boards.common import AT_THE_INGRESS, DURATION_MS, FAILED, REQUESTS, releases
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, GREEN, RED, Look, stat, state_timeline, timeseries
from dashboards.grafana.queries import Query, quantile, rate
from services.common.telemetry import workbench as published

_NODE = 'job="node"'
_VERDICTS: dict[int, tuple[str, str]] = {
    published.Verdict.FAIL: ("FAIL", RED),
    published.Verdict.INCONCLUSIVE: ("INCONCLUSIVE", AMBER),
    published.Verdict.PASS: ("PASS", GREEN),
}
_VERDICT = Look(unit="none", base=RED, steps=((1, AMBER), (2, GREEN)), states=_VERDICTS)
_RATE = Look(unit="reqps", least=0, decimals=1)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="load-and-gate",
        title="Load and gate",
        description="Offered and held load, the generator's own health, and verdicts over time.",
        annotations=(releases(),),
        rows=(_all_right(), _load(), _verdicts()),
    )


def _all_right() -> Row:
    return row(
        "Were users all right under load: what was the last verdict?",
        stat(
            "verdict",
            "Last verdict",
            "Of each objective that a build is held to.",
            _VERDICT,
            Query(f"{published.GATE_VERDICT.name}{{{_NODE}}}", "{{slo}}"),
            width=12,
            spark=False,
            by_name=True,
        ),
        stat(
            "offered-now",
            "Offered",
            "Requests per second that the generator starts on schedule.",
            _RATE,
            Query(rate(published.LOAD_STARTED.name, _NODE), "offered"),
            width=6,
        ),
        stat(
            "held-now",
            "Held",
            "Requests per second that the ingress answered without an error.",
            _RATE,
            Query(_held(), "held"),
            width=6,
        ),
    )


def _held() -> str:
    return f"{rate(REQUESTS, AT_THE_INGRESS)} - ({rate(REQUESTS, f'{AT_THE_INGRESS},{FAILED}')} or vector(0))"


def _load() -> Row:
    return row(
        "Was the load what was asked for, and was it held?",
        timeseries(
            "offered",
            "Offered and held",
            "The schedule, what was started, and what the ingress answered without an error.",
            _RATE,
            Query(f"max({published.LOAD_TARGET.name}{{{_NODE}}})", "asked for"),
            Query(rate(published.LOAD_STARTED.name, _NODE), "offered"),
            Query(_held(), "held"),
        ),
        timeseries(
            "latency",
            "P95, seen twice",
            "The client's from the intended start, exact over the last second; the mesh's interpolated.",
            Look(unit="s", least=0, steps=((0.5, RED),)),
            Query(f"max({published.LOAD_P95.name}{{{_NODE}}})", "client"),
            Query(f"{quantile(0.95, DURATION_MS, AT_THE_INGRESS)} / 1000", "mesh"),
        ),
        timeseries(
            "lag",
            "The generator's own lag",
            "P99 of how late requests were started; above 10 ms no verdict is given.",
            Look(unit="s", least=0, steps=((0.01, RED),)),
            Query(f"max({published.LOAD_LAG.name}{{{_NODE}}})", "P99"),
        ),
        timeseries(
            "in-flight",
            "In flight and failed",
            "Requests that wait for their answer, and failed ones per second.",
            Look(unit="short", least=0),
            Query(f"max({published.LOAD_IN_FLIGHT.name}{{{_NODE}}})", "in flight"),
            Query(rate(published.LOAD_FAILED.name, _NODE), "failed/s"),
        ),
    )


def _verdicts() -> Row:
    return row(
        "What did the gate say, and how sure was it?",
        state_timeline(
            "verdicts",
            "Verdicts over time",
            "One band an objective; a verdict stands until the next one.",
            _VERDICT,
            Query(f"{published.GATE_VERDICT.name}{{{_NODE}}}", "{{slo}}"),
        ),
        timeseries(
            "interval",
            "Upper end of the bad share against what is allowed",
            "PASS needs the upper end of the interval below what is allowed.",
            Look(unit="percentunit", least=0, decimals=2),
            Query(f"{published.GATE_UPPER.name}{{{_NODE}}}", "{{slo}} at most"),
            Query(f"{published.GATE_ALLOWED.name}{{{_NODE}}}", "{{slo}} allowed"),
            width=24,
        ),
    )
