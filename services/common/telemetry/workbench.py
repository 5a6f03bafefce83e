"""Names of what the workbench publishes or has recorded, about runs, verdicts, faults and log lines.

It is no part of a service, but stands here so that one package names everything that can be measured.
"""

from enum import IntEnum, StrEnum
from typing import Final

from services.common.telemetry.registry import Kind, LogField, LokiLabel, Metric, Unit


class RunLabel(StrEnum):
    """Labels of the workbench's metrics."""

    SLO = "slo"
    SERVICE = "service"
    KIND = "kind"
    WORKLOAD = "workload"


class Verdict(IntEnum):
    """Values of the verdict, ordered so that the smallest of several is the worst."""

    FAIL = 0
    INCONCLUSIVE = 1
    PASS = 2


LOAD_TARGET: Final = Metric("titanium_load_target_rate", Kind.GAUGE, "Requests per second that the schedule asks for.")
LOAD_STARTED: Final = Metric("titanium_load_started_total", Kind.COUNTER, "Requests that the generator started.")
LOAD_FAILED: Final = Metric("titanium_load_failed_total", Kind.COUNTER, "Requests that failed for the generator.")
LOAD_IN_FLIGHT: Final = Metric("titanium_load_in_flight", Kind.GAUGE, "Requests that wait for their answer.")
LOAD_P95: Final = Metric(
    "titanium_load_p95_seconds", Kind.GAUGE, "P95 of the last second, from the intended start.", unit=Unit.SECONDS
)
LOAD_LAG: Final = Metric(
    "titanium_load_dispatcher_lag_seconds", Kind.GAUGE, "P99 of how late requests were started.", unit=Unit.SECONDS
)
_VERDICTS: Final = (RunLabel.SLO,)
GATE_VERDICT: Final = Metric(
    "titanium_gate_verdict", Kind.GAUGE, "The latest verdict: 0 FAIL, 1 INCONCLUSIVE, 2 PASS.", _VERDICTS
)
GATE_UPPER: Final = Metric(
    "titanium_gate_bad_share_upper", Kind.GAUGE, "Upper end of the interval of the bad share.", _VERDICTS
)
GATE_ALLOWED: Final = Metric(
    "titanium_gate_bad_share_allowed", Kind.GAUGE, "The bad share that the objective allows.", _VERDICTS
)
CERTIFICATE_NOT_AFTER: Final = Metric(
    "titanium_certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    "When the certificate of a workload's proxy ends, in seconds since 1970.",
    (RunLabel.WORKLOAD,),
    unit=Unit.SECONDS,
)
FAULT: Final = Metric(
    "titanium_fault_percent",
    Kind.GAUGE,
    "Share of requests that an injected fault hits, 0 to 100.",
    (RunLabel.SERVICE, RunLabel.KIND),
)

PUBLISHED: Final = (
    LOAD_TARGET,
    LOAD_STARTED,
    LOAD_FAILED,
    LOAD_IN_FLIGHT,
    LOAD_P95,
    LOAD_LAG,
    GATE_VERDICT,
    GATE_UPPER,
    GATE_ALLOWED,
    CERTIFICATE_NOT_AFTER,
    FAULT,
)

LOG_RECORDS: Final = Metric(
    "log:records:rate5m",
    Kind.GAUGE,
    "Log lines of the services per second by level.",
    (LokiLabel.SERVICE, LogField.LEVEL),
)
REFUSED_CALLS: Final = Metric(
    "log:refused_calls:rate5m",
    Kind.GAUGE,
    "Calls per second that a workload's proxy refused because no policy allows them.",
    (LokiLabel.SERVICE,),
)

SLOW_REQUESTS: Final = Metric(
    "titanium_slow_requests_total",
    Kind.COUNTER,
    "Requests that took 500 ms or more, counted exactly by the local mesh's proxies, with Istio's labels.",
)

RECORDED: Final = (LOG_RECORDS, REFUSED_CALLS)
"""What Loki counts in log lines and records into Prometheus, where it outlives the lines."""
