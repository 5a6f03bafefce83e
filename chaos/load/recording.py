"""Every measured request of a run, kept raw in compact arrays, and nothing rounded away.

Contract: append-only while the load runs (about 20 bytes a request), then written to a file by each worker and merged
by the parent; the merge of workers is a concatenation and therefore exact. Offsets are seconds since the common
start, latencies and lags milliseconds. Reason 0 means success.
"""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A bug in a server's error texts must not grow the table without limit.
MAX_LABELS = 200
OTHER = "other"


class Labels:
    """Strings numbered in order of appearance; from `MAX_LABELS` on everything new is `other`."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        for name in names:
            self.number(name)

    def number(self, name: str) -> int:
        """Return the number of `name`, a new one if it has none yet."""
        if (known := self._numbers.get(name)) is not None:
            return known
        if len(self.names) >= MAX_LABELS and name != OTHER:
            return self.number(OTHER)
        self._numbers[name] = len(self.names)
        self.names.append(name)
        return len(self.names) - 1


class Recording:
    """The raw samples and counts of one or more workers."""

    def __init__(self) -> None:
        self.scenarios = Labels()
        self.reasons = Labels([""])
        self.dropped = 0
        self.interrupted = False
        self.ended_offset_s = 0.0
        self.intended_s = array("d")
        self.latency_ms = array("d")
        self.scenario = array("H")
        self.reason = array("H")
        self.lag_ms = array("d")

    @property
    def started(self) -> int:
        """Requests that were sent."""
        return len(self.latency_ms)

    @property
    def offered(self) -> int:
        """Requests that were due: sent or dropped."""
        return self.started + self.dropped

    def add(self, *, intended_s: float, latency_ms: float, scenario: str, reason: str = "") -> None:
        """Keep one finished request; an empty reason means success."""
        self.intended_s.append(intended_s)
        self.latency_ms.append(latency_ms)
        self.scenario.append(self.scenarios.number(scenario))
        self.reason.append(self.reasons.number(reason))

    def extend(self, other: Recording) -> None:
        """Append everything that another worker recorded."""
        scenarios = [self.scenarios.number(name) for name in other.scenarios.names]
        reasons = [self.reasons.number(name) for name in other.reasons.names]
        self.scenario.extend(scenarios[number] for number in other.scenario)
        self.reason.extend(reasons[number] for number in other.reason)
        self.intended_s.extend(other.intended_s)
        self.latency_ms.extend(other.latency_ms)
        self.lag_ms.extend(other.lag_ms)
        self.dropped += other.dropped
        self.interrupted = self.interrupted or other.interrupted
        self.ended_offset_s = max(self.ended_offset_s, other.ended_offset_s)

    def _arrays(self) -> tuple[array[float] | array[int], ...]:
        return (self.intended_s, self.latency_ms, self.scenario, self.reason, self.lag_ms)

    def write(self, path: Path) -> None:
        """Write the recording: one line of JSON, then the raw arrays in this machine's byte order."""
        head = {
            "scenarios": self.scenarios.names,
            "reasons": self.reasons.names,
            "dropped": self.dropped,
            "interrupted": self.interrupted,
            "ended_offset_s": self.ended_offset_s,
            "lengths": [len(values) for values in self._arrays()],
        }
        with path.open("wb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            for values in self._arrays():
                values.tofile(file)

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read what `write` wrote; `EOFError` when the file is shorter than it says."""
        recording = cls()
        with path.open("rb") as file:
            head = json.loads(file.readline())
            recording.scenarios, recording.reasons = Labels(head["scenarios"]), Labels(head["reasons"])
            recording.dropped, recording.interrupted = head["dropped"], head["interrupted"]
            recording.ended_offset_s = head["ended_offset_s"]
            for values, length in zip(recording._arrays(), head["lengths"], strict=True):
                values.fromfile(file, length)
        return recording
