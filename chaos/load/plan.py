"""What a load run shall do: one validated value, `LoadPlan`, from which every worker derives the same schedule.

Contract: a plan that exists is sane; nonsense raises `PlanError` naming the command-line option and its value. A plan
travels to worker processes as JSON (`to_json`/`from_json`). Rates are requests a second over all workers, times
seconds.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass

from chaos.load.errors import PlanError
from chaos.load.result import ARRIVALS
from chaos.load.target import Target

MAX_RATE_RPS = 100_000.0
MAX_WORKERS = 64


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One run: `warmup_s` at full rate without measuring, then `duration_s` measured.

    `timeout_s` bounds each request. `max_in_flight` bounds the requests under way over all workers: an arrival
    beyond it is dropped and counted, never delayed. `web_port` serves Locust's own pages on 127.0.0.1
    (one worker only).
    """

    target: Target
    rate_rps: float = 100.0
    duration_s: float = 60.0
    warmup_s: float = 10.0
    arrivals: str = "constant"
    seed: int = 1
    workers: int = 1
    timeout_s: float = 10.0
    max_in_flight: int = 1000
    web_port: int | None = None

    def __post_init__(self) -> None:
        _require_positive("--rate", self.rate_rps, limit=MAX_RATE_RPS)
        _require_positive("--duration", self.duration_s)
        _require_positive("--timeout", self.timeout_s)
        if not (math.isfinite(self.warmup_s) and self.warmup_s >= 0):
            raise PlanError(f"--warmup {self.warmup_s:g}: expected zero or more seconds")
        if self.arrivals not in ARRIVALS:
            raise PlanError(f"--arrivals {self.arrivals!r}: expected one of {', '.join(ARRIVALS)}")
        _require_between("--workers", self.workers, 1, MAX_WORKERS)
        _require_between("--max-in-flight", self.max_in_flight, self.workers, 50_000)
        if self.web_port is not None and self.workers != 1:
            raise PlanError(f"--web shows one generator process: use it with --workers 1, not {self.workers}")

    @property
    def total_s(self) -> float:
        """Seconds from the first possible arrival to the end of the measured window."""
        return self.warmup_s + self.duration_s

    @property
    def worker_in_flight(self) -> int:
        """The share of `max_in_flight` of one worker."""
        return self.max_in_flight // self.workers

    def to_json(self) -> str:
        """Return the plan as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> LoadPlan:
        """Read what `to_json` wrote (trusted: it comes from the parent process)."""
        fields = json.loads(text)
        return cls(**{**fields, "target": Target(**fields["target"])})


def _require_positive(option: str, value: float, *, limit: float = math.inf) -> None:
    if not (math.isfinite(value) and 0 < value <= limit):
        bound = f" up to {limit:g}" if math.isfinite(limit) else ""
        raise PlanError(f"{option} {value:g}: expected a number above zero{bound}")


def _require_between(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise PlanError(f"{option} {value}: expected a whole number from {low} to {high}")
