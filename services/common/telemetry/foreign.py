"""Metrics that others write and that rules, alerts and dashboards here may name.

Istio's have their labels, so that a misspelt one is noticed; of the others only the names are kept (None: any label).
Sources: istio.io, "Standard metrics"; the exporters' own /metrics at the versions that Debian 12 packages.
"""

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
_PROXIES: Final = (
    "istio_agent_cert_expiry_seconds",
    "envoy_http_fault_delays_injected",
    "envoy_http_fault_aborts_injected",
)
_PROMETHEUS: Final = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "ALERTS",
    "ALERTS_FOR_STATE",
    "prometheus_config_last_reload_successful",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_dropped_total",
    "prometheus_notifications_errors_total",
    "prometheus_notifications_queue_length",
    "prometheus_notifications_queue_capacity",
    "prometheus_notifications_sent_total",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_evaluations_total",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_target_scrapes_sample_out_of_order_total",
    "prometheus_tsdb_compactions_failed_total",
    "prometheus_tsdb_head_samples_appended_total",
    "prometheus_tsdb_head_series",
    "prometheus_tsdb_reloads_failures_total",
    "prometheus_tsdb_wal_corruptions_total",
)
_ALERTMANAGER: Final = (
    "alertmanager_alerts",
    "alertmanager_config_last_reload_successful",
    "alertmanager_notifications_failed_total",
    "alertmanager_notifications_total",
)
_PROCESS: Final = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
)
_NODE: Final = (
    "node_cpu_seconds_total",
    "node_disk_io_time_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_files",
    "node_filesystem_files_free",
    "node_filesystem_readonly",
    "node_filesystem_size_bytes",
    "node_load1",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_textfile_mtime_seconds",
    "node_textfile_scrape_error",
    "titanium_backup_last_success_timestamp_seconds",
)
_POSTGRES: Final = (
    "pg_database_size_bytes",
    "pg_exporter_last_scrape_error",
    "pg_locks_count",
    "pg_replication_slots_pg_wal_lsn_diff",
    "pg_settings_max_connections",
    "pg_stat_activity_count",
    "pg_stat_activity_max_tx_duration",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_deadlocks",
    "pg_stat_database_tup_fetched",
    "pg_stat_database_tup_inserted",
    "pg_stat_database_tup_updated",
    "pg_stat_database_xact_commit",
    "pg_stat_database_xact_rollback",
    "pg_up",
)
_VALKEY: Final = (
    "redis_blocked_clients",
    "redis_commands_total",
    "redis_connected_clients",
    "redis_db_keys",
    "redis_evicted_keys_total",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_rejected_connections_total",
    "redis_up",
)
_LOGS_AND_TRACES: Final = (
    "loki_discarded_samples_total",
    "loki_request_duration_seconds_bucket",
    "loki_request_duration_seconds_count",
    "loki_request_duration_seconds_sum",
)
_SUFFIXES: Final = ("_bucket", "_sum", "_count")


def _istio() -> dict[str, frozenset[str] | None]:
    counters = {name: _ISTIO_LABELS for name in _ISTIO if name.endswith("_total")}
    histograms = [name for name in _ISTIO if not name.endswith("_total")]
    return {**counters, **{f"{name}{suffix}": _ISTIO_LABELS for name in histograms for suffix in _SUFFIXES}}


METRICS: Final[dict[str, frozenset[str] | None]] = {
    **_istio(),
    **dict.fromkeys(
        (*_PROXIES, *_PROMETHEUS, *_ALERTMANAGER, *_PROCESS, *_NODE, *_POSTGRES, *_VALKEY, *_LOGS_AND_TRACES)
    ),
}
"""The labels of each metric by its name."""
