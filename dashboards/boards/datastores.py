"""PostgreSQL and Valkey: are they up, how full, how busy, and do they hold what they must."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row, row
from dashboards.grafana.panels import AMBER, GREEN, RED, Look, stat, timeseries
from dashboards.grafana.queries import Query, rate, share

_PG = 'job="postgres"'
_OURS = f'{_PG},datname!~"template.*|postgres|"'
_KV = 'job="valkey"'
_UP = Look(unit="none", base=RED, steps=((1, GREEN),), states={0: ("down", RED), 1: ("up", GREEN)})


def board() -> Board:
    """Return the dashboard."""
    return Board(
        uid="datastores",
        title="PostgreSQL and Valkey",
        description="The two stores: up, full, busy, and whether the cache is worth its memory.",
        rows=(_all_right(), _postgres(), _work(), _valkey()),
    )


def _connections_used() -> str:
    return f"sum(pg_stat_activity_count{{{_PG}}}) / max(pg_settings_max_connections{{{_PG}}})"


def _all_right() -> Row:
    hits = rate("redis_keyspace_hits_total", _KV)
    return row(
        "Are users all right: do the stores answer?",
        stat(
            "pg-up",
            "PostgreSQL",
            "Whether its exporter could ask it.",
            _UP,
            Query(f"min(pg_up{{{_PG}}})", "PostgreSQL"),
            width=6,
            spark=False,
        ),
        stat(
            "connections-now",
            "Connections used",
            "Of those that PostgreSQL allows.",
            Look(unit="percentunit", steps=((0.7, AMBER), (0.9, RED)), decimals=1, least=0),
            Query(_connections_used(), "used"),
            width=6,
        ),
        stat(
            "valkey-up",
            "Valkey",
            "Whether its exporter could ask it. Without it users are slower, never wrong.",
            _UP,
            Query(f"min(redis_up{{{_KV}}})", "Valkey"),
            width=6,
            spark=False,
        ),
        stat(
            "hit-ratio",
            "Key hits",
            "Share of Valkey's look-ups that found a key.",
            Look(unit="percentunit", decimals=1, most=1),
            Query(share(hits, f"{hits} + {rate('redis_keyspace_misses_total', _KV)}"), "hits"),
            width=6,
        ),
    )


def _postgres() -> Row:
    return row(
        "Is PostgreSQL full?",
        timeseries(
            "connections",
            "Connections by state",
            "Idle in transaction holds locks: it should be near zero.",
            Look(unit="short", least=0),
            Query(f"sum by (state) (pg_stat_activity_count{{{_OURS}}} > 0)", "{{state}}"),
            Query(f"max(pg_settings_max_connections{{{_PG}}})", "limit"),
        ),
        timeseries(
            "size",
            "Database size",
            "Bytes on disk of each database.",
            Look(unit="bytes", least=0),
            Query(f"sum by (datname) (pg_database_size_bytes{{{_OURS}}})", "{{datname}}"),
        ),
        timeseries(
            "locks",
            "Locks",
            "Granted locks by mode.",
            Look(unit="short", least=0),
            Query(f"sum by (mode) (pg_locks_count{{{_OURS}}})", "{{mode}}"),
        ),
        timeseries(
            "replication",
            "Replication lag",
            "Bytes of the log that each replica's slot still needs. A slot that nobody reads keeps the log for ever.",
            Look(unit="bytes", least=0, steps=((2**30, AMBER),)),
            Query(f"max by (slot_name) (pg_replication_slots_pg_wal_lsn_diff{{{_PG}}})", "{{slot_name}}"),
        ),
    )


def _work() -> Row:
    hit, read = (
        rate("pg_stat_database_blks_hit", _OURS, "datname"),
        rate("pg_stat_database_blks_read", _OURS, "datname"),
    )
    return row(
        "What does PostgreSQL do?",
        timeseries(
            "transactions",
            "Transactions",
            "Committed per second, by database.",
            Look(unit="ops", least=0),
            Query(rate("pg_stat_database_xact_commit", _OURS, "datname"), "{{datname}}"),
        ),
        timeseries(
            "rollbacks",
            "Rollbacks and deadlocks",
            "Per second; a few rollbacks are conflicts that were refused.",
            Look(unit="ops", least=0),
            Query(rate("pg_stat_database_xact_rollback", _OURS), "rollbacks"),
            Query(rate("pg_stat_database_deadlocks", _OURS), "deadlocks"),
        ),
        timeseries(
            "rows",
            "Rows fetched and written",
            "Per second, over all databases.",
            Look(unit="cps", least=0),
            Query(rate("pg_stat_database_tup_fetched", _OURS), "fetched"),
            Query(rate("pg_stat_database_tup_inserted", _OURS), "inserted"),
            Query(rate("pg_stat_database_tup_updated", _OURS), "updated"),
        ),
        timeseries(
            "buffer-hits",
            "Blocks found in memory",
            "Share of blocks that did not have to be read from the disk.",
            Look(unit="percentunit", most=1, decimals=1),
            Query(f"{hit} / ({hit} + {read} > 0)", "{{datname}}"),
        ),
    )


def _valkey() -> Row:
    return row(
        "Is Valkey worth its memory?",
        timeseries(
            "valkey-memory",
            "Memory",
            "Used, and the limit where one is set (0: none).",
            Look(unit="bytes", least=0),
            Query(f"sum(redis_memory_used_bytes{{{_KV}}})", "used"),
            Query(f"max(redis_memory_max_bytes{{{_KV}}})", "limit"),
        ),
        timeseries(
            "commands",
            "Commands",
            "Per second, the most frequent ones.",
            Look(unit="ops", least=0),
            Query(f"topk(8, {rate('redis_commands_total', _KV, 'cmd')} > 0)", "{{cmd}}"),
        ),
        timeseries(
            "keys",
            "Keys",
            "Keys in each database, and evictions per second: evicting means that memory is short.",
            Look(unit="short", least=0),
            Query(f"sum by (db) (redis_db_keys{{{_KV}}} > 0)", "{{db}}"),
            Query(rate("redis_evicted_keys_total", _KV), "evicted/s"),
        ),
        timeseries(
            "valkey-clients",
            "Clients",
            "Connected and blocked clients.",
            Look(unit="short", least=0),
            Query(f"sum(redis_connected_clients{{{_KV}}})", "connected"),
            Query(f"sum(redis_blocked_clients{{{_KV}}})", "blocked"),
        ),
    )
