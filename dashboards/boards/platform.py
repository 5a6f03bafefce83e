"""Platform: the processes, and whether what watches everything is itself all right and at what cost."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, GREEN, RED, Look, stat, state_timeline, timeseries
from dashboards.grafana.queries import Query, quantile, rate
from services.common.telemetry import registry

_NODE = 'job="node"'
_PROM = 'job="prometheus"'
_AM = 'job="alertmanager"'
_TELEMETRY = "prometheus|alertmanager|loki|jaeger|node|postgres|valkey"
_UP_STATES = {0: ("down", RED), 1: ("up", GREEN)}
_UP = Look(unit="none", base=RED, steps=((1, GREEN),), states=_UP_STATES)


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="platform",
        title="Platform",
        description="Processes and machine, and the health and cost of the telemetry itself.",
        rows=(_all_right(), _machine(), _prometheus(), _alertmanager(), _logs()),
    )


def _all_right() -> Row:
    return row(
        "Can what is shown elsewhere be believed: is everything scraped?",
        stat(
            "down",
            "Targets down",
            "Targets that Prometheus could not scrape.",
            Look(unit="short", steps=((1, RED),)),
            Query('count(up{job=~".+"} == 0) or vector(0)', "down"),
            width=6,
        ),
        stat(
            "watchdog",
            "Watchdog",
            "The alert that always fires: if it does not, no alert would.",
            _UP,
            Query('count(ALERTS{alertname="Watchdog",alertstate="firing"}) or vector(0)', "Watchdog"),
            width=6,
            spark=False,
        ),
        stat(
            "firing",
            "Alerts firing",
            "Without the watchdog.",
            Look(unit="short", steps=((1, AMBER),)),
            Query('count(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)', "firing"),
            width=6,
        ),
        stat(
            "backup-age",
            "Age of the last backup",
            "Where backups are configured; they report through the node exporter's text files.",
            Look(unit="s", steps=((90000, AMBER), (180000, RED))),
            Query(f"time() - max(titanium_backup_last_success_timestamp_seconds{{{_NODE}}})", "age"),
            width=6,
            spark=False,
        ),
        state_timeline(
            "targets",
            "Targets",
            "Whether each target could be scraped.",
            _UP,
            Query('min by (job, pod, instance) (up{job=~".+"})', "{{job}} {{pod}}"),
            height=9,
        ),
    )


def _machine() -> Row:
    return row(
        "Does the machine have room?",
        timeseries(
            "cpu",
            "Processor",
            "Share of all cores that is not idle.",
            Look(unit="percentunit", least=0, most=1, steps=((0.9, AMBER),)),
            Query(f'1 - avg(rate(node_cpu_seconds_total{{{_NODE},mode="idle"}}[$__rate_interval]))', "busy"),
        ),
        timeseries(
            "memory",
            "Memory",
            "Share of the machine's memory that is taken.",
            Look(unit="percentunit", least=0, most=1, steps=((0.9, AMBER),)),
            Query(f"1 - node_memory_MemAvailable_bytes{{{_NODE}}} / node_memory_MemTotal_bytes{{{_NODE}}}", "taken"),
        ),
        timeseries(
            "disk",
            "Disk",
            "Share of each file system that is taken.",
            Look(unit="percentunit", least=0, most=1, steps=((0.85, AMBER), (0.95, RED))),
            Query(
                f'1 - node_filesystem_avail_bytes{{{_NODE},fstype!~"tmpfs|ramfs"}}'
                f' / node_filesystem_size_bytes{{{_NODE},fstype!~"tmpfs|ramfs"}}',
                "{{mountpoint}}",
            ),
        ),
        timeseries(
            "processes",
            "Memory by process",
            "Resident memory of what exports it: services, Prometheus, Alertmanager, exporters.",
            Look(unit="bytes", least=0),
            Query('sum by (job, app) (process_resident_memory_bytes{job=~".+"})', "{{job}} {{app}}"),
            stacked=True,
        ),
    )


def _prometheus() -> Row:
    return row(
        "Is Prometheus all right, and what does telemetry cost?",
        timeseries(
            "rules",
            "Rule evaluation",
            "Seconds that the slowest groups took; beyond their interval they are missed.",
            Look(unit="s", least=0),
            Query(f"topk(5, prometheus_rule_group_last_duration_seconds{{{_PROM}}})", "{{rule_group}}"),
        ),
        timeseries(
            "rule-failures",
            "Rule evaluations that failed or were missed",
            "Per second: any is a blind spot.",
            Look(unit="cps", least=0, steps=((0.001, RED),)),
            Query(rate("prometheus_rule_evaluation_failures_total", _PROM), "failed"),
            Query(rate("prometheus_rule_group_iterations_missed_total", _PROM), "missed"),
        ),
        timeseries(
            "series",
            "Series",
            "Series in memory: a jump is a label whose values are not bounded.",
            Look(unit="short", least=0),
            Query(f"sum(prometheus_tsdb_head_series{{{_PROM}}})", "series"),
        ),
        timeseries(
            "samples",
            "Samples",
            "Samples per second that were scraped.",
            Look(unit="cps", least=0),
            Query(rate("prometheus_tsdb_head_samples_appended_total", _PROM), "samples"),
        ),
        timeseries(
            "scrapes",
            "Scrape duration",
            "How long each job's targets take to answer.",
            Look(unit="s", least=0),
            Query('max by (job) (scrape_duration_seconds{job=~".+"})', "{{job}}"),
        ),
        timeseries(
            "telemetry-cpu",
            "Processor time of telemetry",
            "Cores that Prometheus and Alertmanager use.",
            Look(unit="short", least=0),
            Query(rate("process_cpu_seconds_total", f'job=~"{_TELEMETRY}"', "job"), "{{job}}"),
            stacked=True,
        ),
    )


def _alertmanager() -> Row:
    return row(
        "Does an alert reach somebody?",
        timeseries(
            "alertmanager",
            "Notifications",
            "Notifications per second and those that failed, by integration.",
            Look(unit="cps", least=0),
            Query(rate("alertmanager_notifications_total", _AM, "integration"), "{{integration}}"),
            Query(rate("alertmanager_notifications_failed_total", _AM, "integration"), "{{integration}} failed"),
        ),
        timeseries(
            "queue",
            "Alerts on their way",
            "Alerts that Prometheus queued or dropped on the way to Alertmanager.",
            Look(unit="short", least=0),
            Query(f"sum(prometheus_notifications_queue_length{{{_PROM}}})", "queued"),
            Query(rate("prometheus_notifications_dropped_total", _PROM), "dropped/s"),
        ),
        timeseries(
            "active",
            "Alerts in Alertmanager",
            "By state.",
            Look(unit="short", least=0),
            Query(f"sum by (state) (alertmanager_alerts{{{_AM}}})", "{{state}}"),
        ),
        timeseries(
            "configuration",
            "Configuration",
            "Whether the last reload of the configuration worked.",
            _UP,
            Query(f"min(prometheus_config_last_reload_successful{{{_PROM}}})", "Prometheus"),
            Query(f"min(alertmanager_config_last_reload_successful{{{_AM}}})", "Alertmanager"),
        ),
    )


def _logs() -> Row:
    own = 'job="services"'
    return row(
        "Do logs arrive?",
        timeseries(
            "logs",
            "Log records",
            "Records per second that Loki accepted, and that were dropped on the way, by reason.",
            Look(unit="cps", least=0),
            Query(rate(registry.LOGS_SHIPPED.name, own, "app"), "{{app}}"),
            Query(rate(registry.LOGS_DROPPED.name, own, "app, reason"), "{{app}} dropped: {{reason}}"),
        ),
        timeseries(
            "loki",
            "Loki's answers",
            "P99 of pushes and queries, by route and status.",
            Look(unit="s", least=0),
            Query(
                quantile(0.99, "loki_request_duration_seconds", 'job="loki"', "route, status_code"),
                "{{route}} {{status_code}}",
            ),
        ),
    )
