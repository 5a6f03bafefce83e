"""Logs: what the services and proxies said, narrowed by service, level and text."""

from __future__ import annotations

from dashboards.grafana import variables
from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, RED, Look, logs, stat, timeseries
from dashboards.grafana.queries import LogQuery, Query, rate
from services.common.telemetry import registry
from services.common.telemetry.workbench import LOG_RECORDS, REFUSED_CALLS

_STREAM = f'{registry.LokiLabel.SERVICE}=~"$service"'
_PROXY = f'{registry.LokiLabel.CONTAINER}="{registry.PROXY_CONTAINER}"'
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
            _only_here(),
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


def _only_here() -> Row:
    """Return what no metric tells; each is watched by an alert of alerts/themes/logs.py."""
    look = Look(unit="short", least=0)
    legend = f"{{{{{registry.LokiLabel.SERVICE}}}}}"
    return row(
        "What does only a log tell?",
        timeseries(
            "refused",
            "Calls refused by policy",
            "Calls that a proxy refused because no AuthorizationPolicy allows them.",
            look,
            LogQuery(_count(f'{{{_STREAM},{_PROXY}}} |= "{registry.ACCESS_DENIED}"'), legend),
            width=8,
        ),
        timeseries(
            "tasks",
            "Background tasks that failed",
            "Tasks of a service that ended with an error for which no request waits.",
            look,
            LogQuery(
                _count(f'{{{_STREAM}}} | {registry.LogField.LOGGER}="asyncio" | {_LEVEL}="error"'),
                legend,
            ),
            width=8,
        ),
        timeseries(
            "keys",
            "Signing keys not renewed",
            "Attempts to renew the keys that verify tokens that failed; the kept keys go on for an hour.",
            look,
            LogQuery(_count(f'{{{_STREAM}}} |= "{registry.LogMessage.KEYS_NOT_READ}"'), legend),
            width=8,
        ),
        timeseries(
            "kept",
            "Lines by level, for longer than the lines are kept",
            "Recorded by Loki into Prometheus.",
            Look(unit="cps", least=0),
            Query(f"sum by ({_LEVEL}) ({LOG_RECORDS.name}{{{_STREAM}}})", "{{level}}"),
            width=12,
        ),
        timeseries(
            "refused-kept",
            "Calls refused, for longer than the lines are kept",
            "Recorded by Loki into Prometheus.",
            Look(unit="reqps", least=0),
            Query(f"sum by ({registry.LokiLabel.SERVICE}) ({REFUSED_CALLS.name}{{{_STREAM}}})", legend),
            width=12,
        ),
    )


def _count(selector: str) -> str:
    return f"sum by ({registry.LokiLabel.SERVICE}) (count_over_time({selector} [$__auto]))"


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
