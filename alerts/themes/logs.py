"""What only a log line tells: Loki asks these, and records what should outlive the lines."""

from __future__ import annotations

from typing import Final

from alerts.model import Line, LogAlert, LogTheme, Severity
from services.common.telemetry.registry import (
    ACCESS_DENIED,
    PROXY_CONTAINER,
    LogField,
    LogMessage,
    LokiLabel,
)
from services.common.telemetry.workbench import LOG_RECORDS, REFUSED_CALLS
from slo.rules.model import Rule

_BY: Final = LokiLabel.SERVICE.value
_ANY: Final = f'{_BY}=~".+"'
_PROXIES: Final = f'{LokiLabel.CONTAINER}="{PROXY_CONTAINER}"'
_REFUSED: Final = f"{{{_PROXIES}}} |= `{ACCESS_DENIED}`"
# asyncio reports here that a task has failed which nobody awaited: no request is involved, no metric counts it.
_TASKS: Final = f'{{{_ANY}}} | {LogField.LOGGER}="asyncio" | {LogField.LEVEL}="error"'
_OLD_KEYS: Final = f"{{{_ANY}}} |= `{LogMessage.KEYS_NOT_READ}`"
_APP: Final = f"{{{{ $labels.{_BY} }}}}"
_SERVICE: Final = {"service": _APP}


def _counted(selector: str) -> str:
    return f"sum by ({_BY}) (count_over_time({selector} [5m])) > 0"


def _access(details: str) -> Line:
    """Return a proxy's access log line in Istio's keys, as far as it matters here."""
    stream = {LokiLabel.SERVICE.value: "played", LokiLabel.CONTAINER.value: PROXY_CONTAINER}
    return Line(stream, {}, f'{{"response_code":403,"response_code_details":"{details}"}}')


def _said(level: str, logger: str, message: str) -> Line:
    """Return a service's line."""
    metadata = {LogField.LEVEL.value: level, LogField.LOGGER.value: logger}
    return Line({LokiLabel.SERVICE.value: "played"}, metadata, f'{{"message":"{message}"}}')


THEME: Final = LogTheme(
    "logs",
    "what only a log line tells",
    (
        Rule(
            f'sum by ({_BY}, {LogField.LEVEL}) (rate({{{_ANY}}} | {LogField.LEVEL}!="" [5m]))', record=LOG_RECORDS.name
        ),
        Rule(f"sum by ({_BY}) (rate({_REFUSED} [5m]))", record=REFUSED_CALLS.name),
    ),
    (
        LogAlert(
            name="MeshCallsRefused",
            expr=_counted(_REFUSED),
            wait="0m",
            severity=Severity.WARNING,
            team="platform",
            summary="A proxy refuses calls that no policy allows",
            description=f'{_APP} has refused {{{{ $value | printf "%.0f" }}}} calls in 5 minutes: the caller is not in '
            "its AuthorizationPolicy.",
            panel="logs/refused",
            variables=_SERVICE,
            bad=_access(f"{ACCESS_DENIED}_matched_policy[none]"),
            good=_access("via_upstream"),
        ),
        LogAlert(
            name="BackgroundTaskFailed",
            expr=_counted(_TASKS),
            wait="0m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service's background task ended with an error",
            description=f'{_APP}: {{{{ $value | printf "%.0f" }}}} tasks failed in 5 minutes that no request waits '
            "for; what they did is not done any more.",
            panel="logs/tasks",
            variables=_SERVICE,
            bad=_said("error", "asyncio", "Task exception was never retrieved"),
            good=_said("warning", "asyncio", "Executing a task took 0.2 seconds"),
        ),
        LogAlert(
            name="SigningKeysStale",
            expr=_counted(_OLD_KEYS),
            wait="10m",
            severity=Severity.WARNING,
            team="identity",
            summary="A service cannot renew the keys that verify tokens",
            description=f'{_APP} has tried {{{{ $value | printf "%.0f" }}}} times in 5 minutes in vain and goes on '
            "with the keys it has; when these are too old, nobody is logged in any more.",
            panel="logs/keys",
            variables=_SERVICE,
            bad=_said("warning", "services.common.security", LogMessage.KEYS_NOT_READ),
            good=_said("info", "services.common.security", "ready"),
        ),
    ),
)
