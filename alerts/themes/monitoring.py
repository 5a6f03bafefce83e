"""Monitoring: whether what watches everything is itself all right, down to the alert that always fires."""

from __future__ import annotations

from typing import Final

from alerts.model import MetricAlert, Severity, Theme
from services.common.telemetry import registry

_PROM: Final = 'job="prometheus"'
_AM: Final = 'job="alertmanager"'
_DROPPED: Final = registry.LOGS_DROPPED.name
_RULES: Final = f'{{{_PROM},rule_group="slo:x"}}'
_WEBHOOK: Final = f'{{{_AM},integration="webhook"}}'

THEME: Final = Theme(
    "monitoring",
    "whether what watches everything is itself all right",
    (
        MetricAlert(
            name="Watchdog",
            expr="vector(1)",
            wait="0m",
            severity=Severity.INFO,
            team="platform",
            summary="The alert that always fires",
            description="Alerting works as long as this arrives. Whoever receives it raises the alarm when it does "
            "not.",
            panel="platform/watchdog",
            bad={},
            good={},
        ),
        MetricAlert(
            name="RuleEvaluationFailing",
            expr=f"sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total{{{_PROM}}}[5m])) > 0",
            wait="1m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="Prometheus fails to evaluate rules",
            description='{{ $labels.rule_group }}: {{ $value | printf "%.0f" }} evaluations failed in 5 minutes; its '
            "alerts are blind.",
            panel="platform/rule-failures",
            bad={f"prometheus_rule_evaluation_failures_total{_RULES}": 2},
            good={f"prometheus_rule_evaluation_failures_total{_RULES}": 0},
        ),
        MetricAlert(
            name="RuleGroupsLate",
            expr=f"sum(increase(prometheus_rule_group_iterations_missed_total{{{_PROM}}}[5m])) > 0",
            wait="10m",
            severity=Severity.WARNING,
            team="platform",
            summary="Prometheus misses evaluations of rules",
            description='{{ $value | printf "%.0f" }} evaluations were missed in 5 minutes: rules take longer than '
            "their interval.",
            panel="platform/rule-failures",
            bad={f"prometheus_rule_group_iterations_missed_total{_RULES}": 2},
            good={f"prometheus_rule_group_iterations_missed_total{_RULES}": 0},
        ),
        MetricAlert(
            name="PrometheusConfigReloadFailed",
            expr=f"prometheus_config_last_reload_successful{{{_PROM}}} == 0",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="Prometheus runs with an old configuration",
            description="The last reload failed: targets and rules are those of before.",
            panel="platform/configuration",
            bad={f"prometheus_config_last_reload_successful{{{_PROM}}}": 0},
            good={f"prometheus_config_last_reload_successful{{{_PROM}}}": 1},
        ),
        MetricAlert(
            name="PrometheusStorageFailing",
            expr=f"increase(prometheus_tsdb_compactions_failed_total{{{_PROM}}}[1h])"
            f" + increase(prometheus_tsdb_wal_corruptions_total{{{_PROM}}}[1h]) > 0",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="Prometheus cannot keep its data in order",
            description='{{ $value | printf "%.0f" }} compactions failed or logs were corrupt in the last hour.',
            panel="platform/samples",
            bad={
                f"prometheus_tsdb_compactions_failed_total{{{_PROM}}}": 1,
                f"prometheus_tsdb_wal_corruptions_total{{{_PROM}}}": 0,
            },
            good={
                f"prometheus_tsdb_compactions_failed_total{{{_PROM}}}": 0,
                f"prometheus_tsdb_wal_corruptions_total{{{_PROM}}}": 0,
            },
            settles_min=61,
        ),
        MetricAlert(
            name="PrometheusHasNoAlertmanager",
            expr=f"max(prometheus_notifications_alertmanagers_discovered{{{_PROM}}}) < 1",
            wait="5m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="Prometheus knows no Alertmanager",
            description="Alerts fire and nobody is told. Only what watches the watchdog can notice.",
            panel="platform/queue",
            bad={f"prometheus_notifications_alertmanagers_discovered{{{_PROM}}}": 0},
            good={f"prometheus_notifications_alertmanagers_discovered{{{_PROM}}}": 1},
        ),
        MetricAlert(
            name="PrometheusDropsAlerts",
            expr=f"increase(prometheus_notifications_dropped_total{{{_PROM}}}[5m]) > 0",
            wait="1m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="Alerts are lost on their way to Alertmanager",
            description='{{ $value | printf "%.0f" }} alerts were dropped in 5 minutes.',
            panel="platform/queue",
            bad={f"prometheus_notifications_dropped_total{{{_PROM}}}": 5},
            good={f"prometheus_notifications_dropped_total{{{_PROM}}}": 0},
        ),
        MetricAlert(
            name="AlertmanagerConfigReloadFailed",
            expr=f"alertmanager_config_last_reload_successful{{{_AM}}} == 0",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="Alertmanager runs with an old configuration",
            description="The last reload failed: routes and receivers are those of before.",
            panel="platform/configuration",
            bad={f"alertmanager_config_last_reload_successful{{{_AM}}}": 0},
            good={f"alertmanager_config_last_reload_successful{{{_AM}}}": 1},
        ),
        MetricAlert(
            name="AlertmanagerNotificationsFailing",
            expr=f"sum by (integration) (rate(alertmanager_notifications_failed_total{{{_AM}}}[5m])) > 0",
            wait="5m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="Alertmanager cannot notify",
            description='{{ $labels.integration }}: {{ $value | printf "%.2f" }} notifications/s fail. Another way '
            "must tell people.",
            panel="platform/alertmanager",
            bad={f"alertmanager_notifications_failed_total{_WEBHOOK}": 6},
            good={f"alertmanager_notifications_failed_total{_WEBHOOK}": 0},
        ),
        MetricAlert(
            name="LogRecordsDropped",
            expr=f'sum by (app, reason) (rate({_DROPPED}{{job="services"}}[5m])) > 0',
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="Log records do not reach Loki",
            description='{{ $labels.app }}: {{ $value | printf "%.1f" }} records/s are dropped ({{ $labels.reason '
            "}}). stdout has them.",
            panel="service/log-drops",
            variables={"service": "{{ $labels.app }}"},
            bad={f'{_DROPPED}{{job="services",app="blog",reason="unreachable"}}': 60},
            good={f'{_DROPPED}{{job="services",app="blog",reason="unreachable"}}': 0},
        ),
    ),
)
