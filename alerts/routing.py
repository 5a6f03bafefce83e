"""Who is told of an alert, by which way, and what is left unsaid because something larger explains it.

Pages (critical) go to whoever is on call, warnings to the team's chat, the rest by mail; the watchdog goes to whatever
watches the watcher. On the local platform one receiver keeps everything. Inhibition: a page silences the causes of the
same workload, a dead mesh silences what only it could tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from alerts.model import Severity
from slo.rules import names

if TYPE_CHECKING:
    from collections.abc import Sequence

WATCHDOG: Final = "Watchdog"
PAGER: Final = "on-call"
CHAT: Final = "chat"
MAIL: Final = "mail"
DEAD_MAN: Final = "dead-man"
LOCAL: Final = "local"
# Where a cluster mounts the addresses: they are secrets, and stand in no file of ours.
_SECRETS: Final = "/etc/alertmanager/secrets"
_TEMPLATES: Final = "/etc/alertmanager/templates/*.tmpl"
# How often an alert that goes on is repeated, in hours: a page until somebody acts, the rest once a working day.
_REPEAT: Final = {Severity.CRITICAL: "1h", Severity.WARNING: "12h", Severity.INFO: "24h"}


@dataclass(frozen=True)
class Ways:
    """How fast Alertmanager speaks; the local platform's is for tests and for whoever watches it work."""

    group_wait: str = "30s"
    group_interval: str = "5m"


def cluster() -> dict[str, Any]:
    """Return alertmanager.yml for a cluster; addresses are read from files."""
    receivers: list[dict[str, Any]] = [
        {"name": PAGER, "pagerduty_configs": [_pager()], "slack_configs": [_slack()]},
        {"name": CHAT, "slack_configs": [_slack()]},
        {"name": MAIL, "email_configs": [_email()]},
        {"name": DEAD_MAN, "webhook_configs": [_dead_man()]},
    ]
    routes = [
        {"matchers": [f'alertname="{WATCHDOG}"'], "receiver": DEAD_MAN, "repeat_interval": "5m", "group_wait": "0s"},
        _route(Severity.CRITICAL, PAGER),
        _route(Severity.WARNING, CHAT),
        _route(Severity.INFO, MAIL),
    ]
    return _document(receivers, routes, MAIL, Ways()) | {"templates": [_TEMPLATES]}


def local(receiver_url: str) -> dict[str, Any]:
    """Return alertmanager.yml for the local platform: one receiver keeps everything, and at once."""
    webhook = {"url": receiver_url, "send_resolved": True}
    receivers = [{"name": LOCAL, "webhook_configs": [webhook]}]
    return _document(receivers, [], LOCAL, Ways(group_wait="0s", group_interval="1s"))


def _document(
    receivers: Sequence[dict[str, Any]], routes: Sequence[dict[str, Any]], default: str, ways: Ways
) -> dict[str, Any]:
    return {
        "route": {
            "receiver": default,
            "group_by": ["alertname", "slo", "app"],
            "group_wait": ways.group_wait,
            "group_interval": ways.group_interval,
            "repeat_interval": _REPEAT[Severity.WARNING],
            "routes": list(routes),
        },
        "inhibit_rules": inhibitions(),
        "receivers": list(receivers),
    }


def inhibitions() -> list[dict[str, Any]]:
    """Return what silences what."""
    burn = f'alertname="{names.BURN_ALERT}"'
    causes = 'alertname=~"DatabasePool.*|EventLoopBlocked|CacheUnavailable|LogRecordsDropped"'
    services = 'alertname=~"ServiceMetricsAbsent|MeshUpstreamUnreachable|MeshMetricsAbsent"'
    return [
        # The slow burn of an objective says nothing new while its fast burn pages.
        _silences([burn, 'severity="critical"'], [burn, 'severity!="critical"'], ["slo"]),
        # PostgreSQL's death explains pools that are full.
        _silences(['alertname="PostgresDown"'], ['alertname=~"DatabasePool.*|PostgresConnections.*"'], []),
        _silences(['alertname="ValkeyDown"'], ['alertname="CacheUnavailable"'], []),
        # A target that is down explains what it does not say, and why it cannot be reached.
        _silences(['alertname="TargetDown"', 'job="services"'], [causes, 'severity!="critical"'], ["app"]),
        # A mesh that nobody sees: what is told by it alone is not known.
        _silences(['alertname="MeshTargetsAbsent"'], [services], []),
        _silences(['alertname="MeshTargetsAbsent"'], [f'alertname="{names.ABSENT_ALERT}"'], []),
        _silences(['alertname="ServiceTargetsAbsent"'], ['alertname="TargetDown"', 'job="services"'], []),
    ]


def _silences(source: list[str], target: list[str], equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": source, "target_matchers": target, "equal": equal}


def _route(severity: Severity, receiver: str) -> dict[str, Any]:
    return {
        "matchers": [f'severity="{severity.value}"'],
        "receiver": receiver,
        "repeat_interval": _REPEAT[severity],
    }


def _pager() -> dict[str, Any]:
    return {
        "routing_key_file": f"{_SECRETS}/pager-key",
        "send_resolved": True,
        "description": '{{ template "titanium.title" . }}',
        "links": [{"href": "{{ (index .Alerts 0).Annotations.runbook_url }}", "text": "Runbook"}],
    }


def _dead_man() -> dict[str, Any]:
    authorization = {"authorization": {"credentials_file": f"{_SECRETS}/dead-man-token"}}
    return {"url": "http://dead-man.monitoring.svc.cluster.local/ping", "http_config": authorization}


def _slack() -> dict[str, Any]:
    return {
        "api_url_file": f"{_SECRETS}/slack-url",
        "channel": "#alerts",
        "send_resolved": True,
        "title": '{{ template "titanium.title" . }}',
        "text": '{{ template "titanium.text" . }}',
    }


def _email() -> dict[str, Any]:
    return {
        "to": "platform@titanium.example",
        "from": "alerts@titanium.example",
        "smarthost": "mail.titanium.example:587",
        "auth_username": "alerts@titanium.example",
        "auth_password_file": f"{_SECRETS}/mail-password",
        "send_resolved": True,
        "html": '{{ template "titanium.html" . }}',
        "headers": {"Subject": '{{ template "titanium.title" . }}'},
    }
