"""Logs: what the services and proxies said, narrowed by service, level and text."""

from __future__ import annotations

from dashboards.grafana import variables
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, RED, Look, logs, stat, timeseries
from dashboards.grafana.queries import LogQuery, Query, rate
from services.common.telemetry import registry

_STREAM = f'{registry.LokiLabel.SERVICE}=~"$service"'
_LEVEL = registry.LogField.LEVEL
_ERRORS = f'{{{_STREAM}}} | {_LEVEL}=~"error|critical"'


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="logs",
        title="Logs",
        description="What services and proxies said. A trace's id in a line leads to the trace.",
        variables=(
            variables.label_values(
                "service", "Service", f"label_values({registry.BUILD_INFO.name}, app)", several=True
            ),
            variables.textbox("search", "Text"),
        ),
        rows=(
            _all_right(),
            _said(),
        ),
    )


def _all_right() -> Row:
    return row(
        "Are users all right: are errors being logged?",
        stat(
            "errors",
            "Errors logged",
            "Lines of level error or above in the chosen time.",
            Look(unit="short", steps=((1, AMBER), (10, RED))),
            LogQuery(f"sum(count_over_time({_ERRORS} [$__range]))", "errors", kind="instant"),
            width=8,
            spark=False,
        ),
        stat(
            "shipped",
            "Lines shipped",
            "Lines per second that Loki took from the services.",
            Look(unit="cps", decimals=1),
            Query(rate(registry.LOGS_SHIPPED.name, 'job="services",app=~"$service"'), "shipped"),
            width=8,
        ),
        stat(
            "dropped",
            "Lines dropped",
            "Lines per second that did not reach Loki; they are on stdout.",
            Look(unit="cps", steps=((0.01, RED),)),
            Query(f"{rate(registry.LOGS_DROPPED.name, _DROPPED)} or vector(0)", "dropped"),
            width=8,
        ),
        timeseries(
            "volume",
            "Lines by level",
            "Lines per second by level: a burst of errors is a hint where to look.",
            Look(unit="cps", least=0),
            LogQuery(
                f"sum by ({_LEVEL}) (rate({{{_STREAM}}} | {_LEVEL}!=`` [$__auto]))",
                "{{level}}",
            ),
            width=24,
            stacked=True,
            height=6,
        ),
    )


def _said() -> Row:
    return row(
        "What was said?",
        logs("errors-said", "Errors", "The newest lines of level error or above.", LogQuery(_ERRORS), height=9),
        logs(
            "lines",
            "All lines",
            "Everything that contains the text above.",
            LogQuery(f"{{{_STREAM}}} |= `$search`"),
            height=14,
        ),
    )


_DROPPED = 'job="services",app=~"$service"'
