"""Metrics that others write and that rules, alerts and dashboards here may name.

Each has its labels, so that a misspelt one is noticed, and stands under the job of Prometheus that scrapes it.
Sources: istio.io, "Standard metrics"; the exporters' own /metrics at the versions that Debian 12 packages, which
`tests/live/platform/test_catalogue.py` compares with what a running platform says.
"""

from collections.abc import Mapping
from typing import Final

_ISTIO_LABELS: Final = frozenset(
    {
        "reporter",
        "source_workload",
        "source_canonical_service",
        "source_canonical_revision",
        "source_workload_namespace",
        "source_principal",
        "source_app",
        "source_version",
        "source_cluster",
        "destination_workload",
        "destination_workload_namespace",
        "destination_principal",
        "destination_app",
        "destination_version",
        "destination_service",
        "destination_canonical_service",
        "destination_canonical_revision",
        "destination_service_name",
        "destination_service_namespace",
        "destination_cluster",
        "request_protocol",
        "response_code",
        "grpc_response_status",
        "response_flags",
        "connection_security_policy",
    }
)
_ISTIO: Final = (
    "istio_requests_total",
    "istio_request_duration_milliseconds",
    "istio_request_bytes",
    "istio_response_bytes",
    "istio_tcp_sent_bytes_total",
    "istio_tcp_received_bytes_total",
    "istio_tcp_connections_opened_total",
    "istio_tcp_connections_closed_total",
)
# The agent's is a cluster's only: the local mesh has no agent, and publishes its own (`workbench.py`).
_PROXIES: Final = {
    "istio_agent_cert_expiry_seconds": "resource_name",
    "envoy_http_fault_delays_injected": "envoy_http_conn_manager_prefix",
    "envoy_http_fault_aborts_injected": "envoy_http_conn_manager_prefix",
}
_OF_TARGETS: Final = {"up": "", "scrape_duration_seconds": "", "scrape_samples_scraped": ""}
_PROMETHEUS: Final = {
    "prometheus_config_last_reload_successful": "",
    "prometheus_notifications_alertmanagers_discovered": "",
    "prometheus_notifications_dropped_total": "",
    "prometheus_notifications_errors_total": "alertmanager",
    "prometheus_notifications_queue_length": "",
    "prometheus_notifications_queue_capacity": "",
    "prometheus_notifications_sent_total": "alertmanager",
    "prometheus_rule_evaluation_failures_total": "rule_group",
    "prometheus_rule_evaluations_total": "rule_group",
    "prometheus_rule_group_interval_seconds": "rule_group",
    "prometheus_rule_group_iterations_missed_total": "rule_group",
    "prometheus_rule_group_last_duration_seconds": "rule_group",
    "prometheus_target_scrapes_sample_out_of_order_total": "",
    "prometheus_tsdb_compactions_failed_total": "",
    "prometheus_tsdb_head_samples_appended_total": "type",
    "prometheus_tsdb_head_series": "",
    "prometheus_tsdb_reloads_failures_total": "",
    "prometheus_tsdb_wal_corruptions_total": "",
}
_ALERTMANAGER: Final = {
    "alertmanager_alerts": "state",
    "alertmanager_config_last_reload_successful": "",
    "alertmanager_notifications_failed_total": "integration",
    "alertmanager_notifications_total": "integration",
}
_PROCESS: Final = {
    "process_cpu_seconds_total": "",
    "process_max_fds": "",
    "process_open_fds": "",
    "process_resident_memory_bytes": "",
    "process_start_time_seconds": "",
}
_OF_A_FILE_SYSTEM: Final = "device fstype mountpoint"
_NODE: Final = {
    "node_cpu_seconds_total": "cpu mode",
    "node_disk_io_time_seconds_total": "device",
    "node_filesystem_avail_bytes": _OF_A_FILE_SYSTEM,
    "node_filesystem_files": _OF_A_FILE_SYSTEM,
    "node_filesystem_files_free": _OF_A_FILE_SYSTEM,
    "node_filesystem_readonly": _OF_A_FILE_SYSTEM,
    "node_filesystem_size_bytes": _OF_A_FILE_SYSTEM,
    "node_load1": "",
    "node_memory_MemAvailable_bytes": "",
    "node_memory_MemTotal_bytes": "",
    "node_textfile_mtime_seconds": "file",
    "node_textfile_scrape_error": "",
    "titanium_backup_last_success_timestamp_seconds": "",
}
_OF_A_DATABASE: Final = "datid datname server"
_POSTGRES: Final = {
    "pg_database_size_bytes": "datname server",
    "pg_exporter_last_scrape_error": "",
    "pg_locks_count": "datname mode server",
    "pg_replication_slots_pg_wal_lsn_diff": "server slot_name",
    "pg_settings_max_connections": "server",
    "pg_stat_activity_count": "datname server state",
    "pg_stat_activity_max_tx_duration": "datname server state",
    "pg_stat_database_blks_hit": _OF_A_DATABASE,
    "pg_stat_database_blks_read": _OF_A_DATABASE,
    "pg_stat_database_deadlocks": _OF_A_DATABASE,
    "pg_stat_database_tup_fetched": _OF_A_DATABASE,
    "pg_stat_database_tup_inserted": _OF_A_DATABASE,
    "pg_stat_database_tup_updated": _OF_A_DATABASE,
    "pg_stat_database_xact_commit": _OF_A_DATABASE,
    "pg_stat_database_xact_rollback": _OF_A_DATABASE,
    "pg_up": "",
}
_VALKEY: Final = {
    "redis_blocked_clients": "",
    "redis_commands_total": "cmd",
    "redis_connected_clients": "",
    "redis_db_keys": "db",
    "redis_evicted_keys_total": "",
    "redis_keyspace_hits_total": "",
    "redis_keyspace_misses_total": "",
    "redis_memory_max_bytes": "",
    "redis_memory_used_bytes": "",
    "redis_rejected_connections_total": "",
    "redis_up": "",
}
# Loki 3.7: pkg/validation/validate.go and dskit's server/metrics.go.
_LOKI: Final = {
    "loki_discarded_samples_total": "reason tenant retention_hours policy format",
    "loki_request_duration_seconds_bucket": "method route status_code ws",
    "loki_request_duration_seconds_count": "method route status_code ws",
    "loki_request_duration_seconds_sum": "method route status_code ws",
}
# Of rules: their labels are the rules' own.
_ALERTS: Final = ("ALERTS", "ALERTS_FOR_STATE")
_SUFFIXES: Final = ("_bucket", "_sum", "_count")


def _istio() -> dict[str, frozenset[str]]:
    counters = {name: _ISTIO_LABELS for name in _ISTIO if name.endswith("_total")}
    histograms = [name for name in _ISTIO if not name.endswith("_total")]
    return {**counters, **{f"{name}{suffix}": _ISTIO_LABELS for name in histograms for suffix in _SUFFIXES}}


def _labelled(table: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(labels.split()) for name, labels in table.items()}


ISTIO: Final = _istio()
JOBS: Final = {
    "envoy-stats": _labelled({**_PROXIES, **_OF_TARGETS}),
    "services": _labelled({**_OF_TARGETS, **_PROCESS}),
    "prometheus": _labelled({**_PROMETHEUS, **_OF_TARGETS, **_PROCESS}),
    "alertmanager": _labelled({**_ALERTMANAGER, **_OF_TARGETS, **_PROCESS}),
    "node": _labelled({**_NODE, **_OF_TARGETS, **_PROCESS}),
    "postgres": _labelled({**_POSTGRES, **_OF_TARGETS, **_PROCESS}),
    "valkey": _labelled({**_VALKEY, **_OF_TARGETS, **_PROCESS}),
    "loki": _labelled({**_LOKI, **_OF_TARGETS, **_PROCESS}),
}
"""What each job of Prometheus writes: the labels of each metric by its name, without those of the target."""

OF_TARGETS: Final = frozenset({"job", "instance", "app", "namespace", "pod"})
"""Labels that a scrape adds to every series."""

METRICS: Final[dict[str, frozenset[str] | None]] = {
    **ISTIO,
    **{name: labels for table in JOBS.values() for name, labels in table.items()},
    **dict.fromkeys(_ALERTS),
}
"""The labels of each metric by its name; None where any label may be."""
