"""Make a load run with worker processes, and leave its evidence in a folder.

Contract: `run_load` starts the workers, gives them one common start, passes their progress on, merges their raw
samples exactly and writes `load.json` and `samples.csv.gz`. `KeyboardInterrupt` stops the workers within seconds;
what they measured is written and marked `interrupted`. No worker outlives the call. Errors are `chaos.load.errors`.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from chaos.load.errors import GeneratorError, UnreachableError
from chaos.load.recording import Recording
from chaos.load.result import RESULT_FILE, SAMPLES_FILE, Generator, LoadResult
from chaos.load.summary import summarise, write_samples
from chaos.load.target import require_listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.load.plan import LoadPlan

# Importing Locust costs 1-2 s of CPU, more on a busy machine; then eight pages and four logins.
SETUP_DEADLINE_S = 90.0
# All workers must have read the command before the first arrival is due.
START_DELAY_S = 0.5
# Beyond schedule and drain: the time to write some million samples.
GRACE_S = 30.0
INTERRUPT_GRACE_S = 10.0
# libev waits in whole milliseconds with epoll, in microseconds with select: the median dispatcher lag falls from 0.85
# to 0.36 ms at 100 requests a second and from 0.68 to 0.15 ms at 300, for less CPU (measured on 2 cores).
_WORKER_ENVIRONMENT = {"GEVENT_BACKEND": "select"}


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of all workers since the start of the warm-up; `recent_…` is the worst worker's last second."""

    elapsed_s: float
    started: int
    failed: int
    dropped: int
    in_flight: int
    recent_p95_ms: float | None
    recent_lag_p99_ms: float | None = None


def run_load(
    plan: LoadPlan,
    folder: Path,
    *,
    run_id: str,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> LoadResult:
    """Run the plan and return what was measured; `folder` (made if needed) then holds the evidence."""
    require_listener(plan.target)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="titanium-load-") as scratch:
        fleet = _Fleet(plan, Path(scratch), on_progress)
        try:
            start_epoch_s, recording = fleet.run()
            result = summarise(
                recording, plan, run_id=run_id, start_epoch_s=start_epoch_s, generator=describe_generator()
            )
            _write_evidence(result, recording, folder, start_epoch_s)
            fleet.linger()
        finally:
            fleet.end()
    return result


def describe_generator() -> Generator:
    """Return the generator's name and version, and the machine it runs on."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    return Generator(name="locust (open loop)", version=version("locust"), machine=machine)


def _write_evidence(result: LoadResult, recording: Recording, folder: Path, start_epoch_s: float) -> None:
    write_samples(recording, folder / SAMPLES_FILE, start_epoch_s=start_epoch_s)
    # The result last and in one step: who sees it sees it whole, with its samples beside it.
    draft = folder / f".{RESULT_FILE}.part"
    draft.write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / RESULT_FILE)


@dataclass(frozen=True, slots=True)
class _Said:
    """One event of one worker; None when its stdout has ended."""

    worker: int
    event: dict[str, Any] | None


class _Fleet:
    """The worker processes of one run."""

    def __init__(self, plan: LoadPlan, scratch: Path, on_progress: Callable[[Progress], None]) -> None:
        self._plan = plan
        self._scratch = scratch
        self._on_progress = on_progress
        self._events: queue.Queue[_Said] = queue.Queue()
        self._latest: dict[int, dict[str, Any]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self) -> tuple[float, Recording]:
        """Return the epoch second of the common start and everything that was measured."""
        workers = range(self._plan.workers)
        for worker in workers:
            self._start(worker)
        self._await("ready", SETUP_DEADLINE_S)
        start = time.monotonic() + START_DELAY_S
        start_epoch_s = time.time() + START_DELAY_S
        for process in self._processes:
            self._tell(process, f"start {start!r}\n")
        self._await_end()
        recording = Recording()
        for worker in workers:
            recording.extend(Recording.read(self._file(worker)))
        return start_epoch_s, recording

    def linger(self) -> None:
        """With Locust's pages open, stay until somebody presses Ctrl-C: the run itself is complete."""
        if self._plan.web_port is None:
            return
        try:
            self._processes[0].wait()
        except KeyboardInterrupt:
            self._terminate()

    def end(self) -> None:
        """Leave no process behind."""
        self._terminate()
        for process in self._processes:
            try:
                process.wait(timeout=INTERRUPT_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _file(self, worker: int) -> Path:
        return self._scratch / f"worker-{worker}.samples"

    def _start(self, worker: int) -> None:
        command = [sys.executable, "-m", "chaos.load.run", "--plan", self._plan.to_json()]
        command += ["--worker", str(worker), "--recording", str(self._file(worker))]
        # A session of its own: Ctrl-C at the terminal reaches the parent alone, which then decides.
        with self._log(worker) as log:
            process = subprocess.Popen(  # noqa: S603  our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **_WORKER_ENVIRONMENT},
                start_new_session=True,
            )
        self._processes.append(process)
        threading.Thread(target=self._listen, args=(worker, process), daemon=True).start()

    def _log(self, worker: int) -> BinaryIO:
        return (self._scratch / f"worker-{worker}.log").open("wb")

    def _listen(self, worker: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101  started with a pipe
        for line in process.stdout:
            self._events.put(_Said(worker, json.loads(line)))
        self._events.put(_Said(worker, None))

    def _await_end(self) -> None:
        deadline_s = START_DELAY_S + self._plan.total_s + self._plan.timeout_s + GRACE_S
        try:
            self._await("done", deadline_s)
        except KeyboardInterrupt:
            self._terminate()
            self._await("done", INTERRUPT_GRACE_S)

    def _await(self, wanted: str, seconds: float) -> None:
        """Wait until every worker has said `wanted`, passing progress on."""
        deadline = time.monotonic() + seconds
        waiting = set(range(self._plan.workers))
        while waiting:
            try:
                said = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise GeneratorError(f"the load generator did not get {wanted} within {seconds:g} s") from None
            if said.event is None:
                raise GeneratorError(
                    f"worker {said.worker} of the load generator ended early: {self._last_words(said)}"
                )
            if said.event["event"] == "error":
                raise UnreachableError(said.event["message"])
            if said.event["event"] == wanted:
                waiting.discard(said.worker)
            elif said.event["event"] == "progress":
                self._pass_on(said)

    def _pass_on(self, said: _Said) -> None:
        assert said.event is not None  # noqa: S101  narrows the type
        self._latest[said.worker] = said.event
        if len(self._latest) < self._plan.workers or said.worker != max(self._latest):
            return
        events = self._latest.values()
        recent = [event["recent_p95_ms"] for event in events if event["recent_p95_ms"] is not None]
        lags = [event["recent_lag_p99_ms"] for event in events if event["recent_lag_p99_ms"] is not None]
        totals = {name: sum(event[name] for event in events) for name in ("started", "failed", "dropped", "in_flight")}
        self._on_progress(
            Progress(
                elapsed_s=said.event["elapsed_s"],
                recent_p95_ms=max(recent, default=None),
                recent_lag_p99_ms=max(lags, default=None),
                **totals,
            )
        )

    def _last_words(self, said: _Said) -> str:
        log = (self._scratch / f"worker-{said.worker}.log").read_text(encoding="utf-8", errors="replace").strip()
        return log[-2000:] or "it said nothing"

    @staticmethod
    def _tell(process: subprocess.Popen[bytes], command: str) -> None:
        assert process.stdin is not None  # noqa: S101  started with a pipe
        try:
            process.stdin.write(command.encode())
            process.stdin.flush()
        except BrokenPipeError as error:
            raise GeneratorError("a worker of the load generator ended before the start") from error

    def _terminate(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
