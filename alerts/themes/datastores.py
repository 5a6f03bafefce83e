"""Data stores: PostgreSQL and Valkey down, near their limits, or behind; backups that are too old."""

from __future__ import annotations

from typing import Final

from alerts.model import MetricAlert, Severity, Theme
from services.common.telemetry import registry

_PG: Final = 'job="postgres"'
_KV: Final = 'job="valkey"'
_CACHE: Final = registry.CACHE_REQUESTS.name
_BACKUP: Final = "titanium_backup_last_success_timestamp_seconds"
_MIB: Final = 2.0**20


def _cache(hits: float, errors: float) -> dict[str, float | None]:
    labels = 'job="services",app="blog",cache="posts"'
    return {f'{_CACHE}{{{labels},result="hit"}}': hits, f'{_CACHE}{{{labels},result="error"}}': errors}


THEME: Final = Theme(
    "datastores",
    "PostgreSQL and Valkey down, near their limits, or behind; backups that are too old",
    (
        MetricAlert(
            name="PostgresDown",
            expr=f"pg_up{{{_PG}}} == 0",
            wait="1m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="PostgreSQL does not answer",
            description="The exporter has not been able to ask PostgreSQL for a minute: nobody can log in, read "
            "uncached posts or write.",
            panel="datastores/pg-up",
            bad={f"pg_up{{{_PG}}}": 0},
            good={f"pg_up{{{_PG}}}": 1},
        ),
        MetricAlert(
            name="PostgresConnectionsNearLimit",
            expr=f"sum(pg_stat_activity_count{{{_PG}}}) > 0.8 * max(pg_settings_max_connections{{{_PG}}})",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="PostgreSQL has few connections left",
            description='{{ $value | printf "%.0f" }} connections are open, more than 80 % of what PostgreSQL allows.',
            panel="datastores/connections",
            bad={
                f'pg_stat_activity_count{{{_PG},datname="blog",state="idle"}}': 90,
                f"pg_settings_max_connections{{{_PG}}}": 100,
            },
            good={
                f'pg_stat_activity_count{{{_PG},datname="blog",state="idle"}}': 20,
                f"pg_settings_max_connections{{{_PG}}}": 100,
            },
        ),
        MetricAlert(
            name="PostgresDeadlocks",
            # One is a conflict that was resolved; several within ten minutes are an order of locks that is wrong.
            expr=f"sum by (datname) (increase(pg_stat_database_deadlocks{{{_PG}}}[10m])) > 3",
            wait="1m",
            severity=Severity.INFO,
            team="platform",
            summary="Transactions deadlock again and again",
            description='{{ $labels.datname }}: {{ $value | printf "%.0f" }} deadlocks in 10 minutes; one transaction '
            "of each pair failed.",
            panel="datastores/rollbacks",
            bad={f'pg_stat_database_deadlocks{{{_PG},datname="blog"}}': 2},
            good={f'pg_stat_database_deadlocks{{{_PG},datname="blog"}}': 0},
            settles_min=11,
        ),
        MetricAlert(
            name="PostgresReplicationLag",
            # A gibibyte: minutes of a busy server's log, and a share of the disk that must not grow.
            expr=f"max by (slot_name) (pg_replication_slots_pg_wal_lsn_diff{{{_PG}}}) > 2 ^ 30",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="A replica of PostgreSQL is behind",
            description="The slot {{ $labels.slot_name }} is {{ $value | humanize1024 }}B behind: that much would be "
            "lost with the primary, and is kept on its disk.",
            panel="datastores/replication",
            bad={f'pg_replication_slots_pg_wal_lsn_diff{{{_PG},slot_name="replica"}}': 4 * 2.0**30},
            good={f'pg_replication_slots_pg_wal_lsn_diff{{{_PG},slot_name="replica"}}': 2.0**20},
        ),
        MetricAlert(
            name="ValkeyDown",
            # A warning: without the cache users are slower, never wrong; if they are too slow, the latency SLO pages.
            expr=f"redis_up{{{_KV}}} == 0",
            wait="1m",
            severity=Severity.WARNING,
            team="platform",
            summary="Valkey does not answer",
            description="The cache and the rate limit are gone: posts come from PostgreSQL, and nobody is limited.",
            panel="datastores/valkey-up",
            bad={f"redis_up{{{_KV}}}": 0},
            good={f"redis_up{{{_KV}}}": 1},
        ),
        MetricAlert(
            name="ValkeyMemoryNearLimit",
            expr=f"redis_memory_used_bytes{{{_KV}}} > 0.9 * (redis_memory_max_bytes{{{_KV}}} > 0)",
            wait="10m",
            severity=Severity.INFO,
            team="platform",
            summary="Valkey is near its memory limit",
            description="Valkey uses {{ $value | humanize1024 }}B, more than 90 % of its limit, and evicts what was "
            "used longest ago.",
            panel="datastores/valkey-memory",
            bad={f"redis_memory_used_bytes{{{_KV}}}": 126 * _MIB, f"redis_memory_max_bytes{{{_KV}}}": 128 * _MIB},
            good={f"redis_memory_used_bytes{{{_KV}}}": 10 * _MIB, f"redis_memory_max_bytes{{{_KV}}}": 128 * _MIB},
        ),
        MetricAlert(
            name="CacheUnavailable",
            expr=f'sum by (app) (rate({_CACHE}{{job="services",result=~"error|bypass"}}[5m]))'
            f' > 0.1 * sum by (app) (rate({_CACHE}{{job="services"}}[5m]))',
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service cannot use its cache",
            description='{{ $labels.app }}: {{ $value | printf "%.1f" }} look-ups/s find no cache, more than one in '
            "ten.",
            panel="service/cache",
            variables={"service": "{{ $labels.app }}"},
            bad=_cache(60, 600),
            good=_cache(600, 0),
        ),
        MetricAlert(
            name="BackupTooOld",
            # Backups are daily; two hours of grace. Where none report themselves there is nothing to be too old.
            expr=f'time() - max({_BACKUP}{{job="node"}}) > 26 * 3600',
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="The last backup is more than a day old",
            description="The last backup that succeeded is {{ $value | humanizeDuration }} old.",
            panel="platform/backup-age",
            # promtool's clock begins in 1970: a backup of "minus two days" is too old, one of "now" is not.
            bad={f'{_BACKUP}{{job="node"}}': -172800},
            good={f'{_BACKUP}{{job="node"}}': 0},
        ),
    ),
)
