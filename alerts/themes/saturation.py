"""Saturation: what is full, or so busy that requests wait for it."""

from __future__ import annotations

from typing import Final

from alerts.model import MetricAlert, Severity, Theme
from services.common.telemetry import registry

_OWN: Final = 'job="services"'
_APP: Final = "{{ $labels.app }}"
_SERVICE: Final = {"service": _APP}
_POOL: Final = registry.DB_POOL_CONNECTIONS.name
_POOL_MAX: Final = registry.DB_POOL_MAX.name
_TIMEOUTS: Final = registry.DB_POOL_TIMEOUTS.name
_LAG: Final = registry.EVENT_LOOP_LAG.name
_HASHING: Final = registry.ARGON2_REJECTED.name
_BLOG: Final = 'job="services",app="blog"'
_NODE: Final = 'job="node"'
_ROOT: Final = 'job="node",mountpoint="/",fstype="ext4"'
_GIB: Final = 2.0**30


def _lag(slow_per_minute: float) -> dict[str, float | None]:
    """Return a histogram of which 10 a minute come late by more than 100 ms, or as many as are asked for."""
    quick = 600 - slow_per_minute
    return {
        f'{_LAG}_bucket{{{_BLOG},le="0.1"}}': quick,
        f'{_LAG}_bucket{{{_BLOG},le="0.25"}}': 600,
        f'{_LAG}_bucket{{{_BLOG},le="+Inf"}}': 600,
    }


THEME: Final = Theme(
    "saturation",
    "what is full, or so busy that requests wait for it",
    (
        MetricAlert(
            name="DatabasePoolSaturated",
            # 90 %: the next burst queues. Queueing itself is DatabasePoolTimeouts.
            expr=f'sum by (app) ({_POOL}{{{_OWN},state="used"}}) > 0.9 * sum by (app) ({_POOL_MAX}{{{_OWN}}})',
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service's database pool is nearly exhausted",
            description=f"{_APP} has used more than 90 % of its database connections for 5 minutes "
            '({{ $value | printf "%.0f" }} are in use).',
            panel="service/pool",
            variables=_SERVICE,
            bad={f'{_POOL}{{{_BLOG},state="used"}}': 10, f"{_POOL_MAX}{{{_BLOG}}}": 10},
            good={f'{_POOL}{{{_BLOG},state="used"}}': 4, f"{_POOL_MAX}{{{_BLOG}}}": 10},
        ),
        MetricAlert(
            name="DatabasePoolTimeouts",
            expr=f"sum by (app) (rate({_TIMEOUTS}{{{_OWN}}}[5m])) > 0",
            wait="2m",
            severity=Severity.WARNING,
            team="platform",
            summary="Requests get no database connection in time",
            description=f'{_APP}: {{{{ $value | printf "%.2f" }}}} requests/s were refused for lack of a connection.',
            panel="service/pool-timeouts",
            variables=_SERVICE,
            bad={f"{_TIMEOUTS}{{{_BLOG}}}": 30},
            good={f"{_TIMEOUTS}{{{_BLOG}}}": 0},
        ),
        MetricAlert(
            name="EventLoopBlocked",
            # 100 ms: a fifth of the latency objective is lost before any work is done.
            expr=f"histogram_quantile(0.99, sum by (app, le) (rate({_LAG}_bucket{{{_OWN}}}[5m]))) > 0.1",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service's event loop is blocked",
            description=f'{_APP}: one timer in a hundred fires {{{{ $value | printf "%.2f" }}}} s late; '
            "something computes or waits without yielding.",
            panel="service/event-loop",
            variables=_SERVICE,
            bad=_lag(60),
            good=_lag(0),
        ),
        MetricAlert(
            name="PasswordHashingSaturated",
            expr=f"sum by (app) (rate({_HASHING}{{{_OWN}}}[5m])) > 0.1",
            wait="5m",
            severity=Severity.WARNING,
            team="identity",
            summary="Logins are refused because password hashing is saturated",
            description='{{ $value | printf "%.2f" }} logins/s are answered with 503: a flood of logins, or too few '
            "cores.",
            panel="service/errors-by-route",
            variables={"service": "auth"},
            bad={f'{_HASHING}{{job="services",app="auth"}}': 60},
            good={f'{_HASHING}{{job="services",app="auth"}}': 0},
        ),
        MetricAlert(
            name="MachineProcessorBusy",
            expr=f'1 - avg(rate(node_cpu_seconds_total{{{_NODE},mode="idle"}}[5m])) > 0.95',
            wait="15m",
            severity=Severity.INFO,
            team="platform",
            summary="The machine's processors have been busy for a quarter of an hour",
            description="{{ $value | humanizePercentage }} of the cores' time is used; latency grows from here.",
            panel="platform/cpu",
            bad={f'node_cpu_seconds_total{{{_NODE},cpu="0",mode="idle"}}': 1},
            good={f'node_cpu_seconds_total{{{_NODE},cpu="0",mode="idle"}}': 40},
        ),
        MetricAlert(
            name="MachineMemoryShort",
            expr=f"1 - node_memory_MemAvailable_bytes{{{_NODE}}} / node_memory_MemTotal_bytes{{{_NODE}}} > 0.92",
            wait="5m",
            severity=Severity.WARNING,
            team="platform",
            summary="The machine is running out of memory",
            description="{{ $value | humanizePercentage }} of the memory is taken; the kernel ends processes when "
            "none is left.",
            panel="platform/memory",
            bad={
                f"node_memory_MemAvailable_bytes{{{_NODE}}}": 1 * _GIB,
                f"node_memory_MemTotal_bytes{{{_NODE}}}": 24 * _GIB,
            },
            good={
                f"node_memory_MemAvailable_bytes{{{_NODE}}}": 12 * _GIB,
                f"node_memory_MemTotal_bytes{{{_NODE}}}": 24 * _GIB,
            },
        ),
        MetricAlert(
            name="DiskNearlyFull",
            # PostgreSQL stops at a full disk, and with it every write: five per cent is the time to act.
            expr=f'node_filesystem_avail_bytes{{{_NODE},fstype!~"tmpfs|ramfs"}}'
            f' / node_filesystem_size_bytes{{{_NODE},fstype!~"tmpfs|ramfs"}} < 0.05',
            wait="5m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="A disk is nearly full",
            description="{{ $labels.mountpoint }} has {{ $value | humanizePercentage }} left. PostgreSQL stops when "
            "nothing is.",
            panel="platform/disk",
            bad={
                f"node_filesystem_avail_bytes{{{_ROOT}}}": 1 * _GIB,
                f"node_filesystem_size_bytes{{{_ROOT}}}": 50 * _GIB,
            },
            good={
                f"node_filesystem_avail_bytes{{{_ROOT}}}": 20 * _GIB,
                f"node_filesystem_size_bytes{{{_ROOT}}}": 50 * _GIB,
            },
        ),
    ),
)
