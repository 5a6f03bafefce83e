"""What one load run measured, as it is written to `load.json` and read by the gate.

Contract: `LoadResult` is immutable and self-contained; `to_json`/`from_json` are inverse; a document of another
schema, with a missing or surplus field, a wrong type or counts that do not add up is refused with a `ValueError` that
names the field. Everything here is about the *measured window* (the warm-up is excluded): a request belongs to it
when its intended start does. Latencies are milliseconds from the intended start; times are epoch seconds.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, get_type_hints

SCHEMA = "titanium.load/v1"
RESULT_FILE = "load.json"
SAMPLES_FILE = "samples.csv.gz"
SAMPLES_COLUMNS = ("intended_start", "latency_ms", "scenario", "ok", "reason")
ARRIVALS = ("constant", "poisson")


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Milliseconds over every started request, failed ones too; percentiles are order statistics (nearest rank)."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class LagSummary:
    """Milliseconds between the moment a request should have been started and the moment it was."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """The share of one scenario in a run."""

    started: int
    completed: int
    failed: int
    latency_ms: LatencySummary


@dataclass(frozen=True, slots=True)
class Generator:
    """Which program made the load, and on what machine."""

    name: str
    version: str
    machine: str


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One run. offered = started + dropped; started = completed + failed.

    `completed` answered in time with the right content. `failed` are errors, time-outs, wrong bodies, and requests that
    were still in flight when the drain ended. `dropped` were never sent, because the pool was exhausted.
    `interrupted` is true when somebody stopped the run: the figures are right, but cover less than `duration_s`.
    """

    run_id: str
    target: str
    arrival: str
    rate_rps: float
    duration_s: float
    warmup_s: float
    started_at: float
    ended_at: float
    offered: int
    started: int
    completed: int
    failed: int
    dropped: int
    failures: dict[str, int]
    lag_ms: LagSummary
    latency_ms: LatencySummary
    by_scenario: dict[str, ScenarioSummary]
    samples_file: str
    generator: Generator
    seed: int
    workers: int
    interrupted: bool

    def __post_init__(self) -> None:
        _refuse_contradictions(self)

    @property
    def measured_s(self) -> float:
        """Length of the measured window in seconds (shorter than `duration_s` after an interruption)."""
        return self.ended_at - self.started_at

    @property
    def offered_rps(self) -> float:
        """Requests a second that were due inside the measured window, sent or dropped."""
        return self.offered / self.measured_s if self.measured_s > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the document of schema `titanium.load/v1`, ready for `json.dump`."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, document: object) -> LoadResult:
        """Read a parsed JSON document; `ValueError` names the field that is wrong."""
        fields = dict(_mapping(document, "load result"))
        if (schema := fields.pop("schema", None)) != SCHEMA:
            raise ValueError(f"load result: schema is {schema!r}, expected {SCHEMA!r}")
        result = _build(cls, fields, "load result")
        assert isinstance(result, cls)  # noqa: S101  narrows the type; _build returns an instance of what it is given
        return result


def _refuse_contradictions(result: LoadResult) -> None:
    if result.arrival not in ARRIVALS:
        raise ValueError(f"load result: arrival is {result.arrival!r}, expected one of {', '.join(ARRIVALS)}")
    negative = [n for n in ("offered", "started", "completed", "failed", "dropped") if getattr(result, n) < 0]
    if negative:
        raise ValueError(f"load result: {', '.join(negative)} must not be negative")
    if result.offered != result.started + result.dropped:
        raise ValueError(f"load result: offered {result.offered} ≠ started {result.started} + dropped {result.dropped}")
    if result.started != result.completed + result.failed:
        raise ValueError(
            f"load result: started {result.started} ≠ completed {result.completed} + failed {result.failed}"
        )
    if sum(result.failures.values()) != result.failed:
        raise ValueError(f"load result: failures add up to {sum(result.failures.values())}, failed is {result.failed}")
    if result.ended_at < result.started_at:
        raise ValueError(f"load result: ended_at {result.ended_at} lies before started_at {result.started_at}")


_NESTED: dict[str, type] = {"lag_ms": LagSummary, "latency_ms": LatencySummary, "generator": Generator}


def _build(kind: type, document: object, where: str) -> object:
    fields = _mapping(document, where)
    hints = get_type_hints(kind)
    if missing := sorted(hints.keys() - fields.keys()):
        raise ValueError(f"{where}: missing {', '.join(missing)}")
    if surplus := sorted(fields.keys() - hints.keys()):
        raise ValueError(f"{where}: unknown {', '.join(map(str, surplus))}")
    return kind(**{name: _value(name, hints[name], fields[name], f"{where}.{name}") for name in hints})


def _value(name: str, hint: object, value: object, where: str) -> object:
    if name in _NESTED:
        return _build(_NESTED[name], value, where)
    if name == "by_scenario":
        scenarios = _mapping(value, where)
        return {key: _build(ScenarioSummary, item, f"{where}.{key}") for key, item in scenarios.items()}
    if name == "failures":
        return {key: _scalar(int, item, f"{where}.{key}") for key, item in _mapping(value, where).items()}
    return _scalar(hint, value, where)


def _mapping(value: object, where: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"{where}: expected an object, got {type(value).__name__}")


def _scalar(hint: object, value: object, where: str) -> object:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise ValueError(f"{where}: expected {getattr(hint, '__name__', hint)}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where}: {value} is not a finite number")
    return value
