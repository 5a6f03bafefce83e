"""One worker process of a load run: `python -m chaos.load.run --plan JSON --worker N --recording PATH`.

Contract with the parent (`chaos.load.fleet`): the worker prints one JSON object a line on stdout (`ready` after the
set-up, `progress` every second, then `done` or `error`) and waits on stdin for `start <monotonic seconds>`, the
moment common to all workers. SIGTERM or the end of stdin (the parent has died) interrupt the load: what was measured
is still written. Exit code 0 after `done`, 3 after `error`. A process of its own, because Locust patches the whole
interpreter for gevent.
"""

from __future__ import annotations

# Locust patches the standard library on import: everything that opens sockets comes after it.
from locust.env import Environment  # isort: skip

import argparse
import contextlib
import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import gevent
from gevent.event import AsyncResult, Event
from gevent.fileobject import FileObject

from chaos.load.dispatcher import OpenLoop
from chaos.load.errors import LoadError
from chaos.load.plan import LoadPlan
from chaos.load.schedule import schedule
from chaos.load.setup import explore
from chaos.load.summary import percentile
from chaos.load.user import HttpSender, OpenLoopUser

if TYPE_CHECKING:
    from chaos.load.recording import Recording

PROGRESS_INTERVAL_S = 1.0
START_DELAY_S = 0.2
PRIORITY = -10


def say(event: str, **fields: object) -> None:
    """Tell the parent."""
    # A parent that has died listens no more; the end of stdin says so, and the run ends in order.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({"event": event, **fields}), flush=True)


class LoadRun:
    """What the Locust user performs; the first run is the one that is recorded.

    With Locust's pages open, somebody may start again from there: such a run is shown there and nowhere else.
    """

    def __init__(self, plan: LoadPlan, worker: int, recording: Path) -> None:
        self.failed = False
        self.finished = Event()
        self.stopped = Event()
        self.start: AsyncResult[float] = AsyncResult()
        self._plan = plan
        self._worker = worker
        self._recording = recording
        self._loop: OpenLoop | None = None

    def perform(self, user: OpenLoopUser) -> None:
        """Learn, wait for the common start, load, write."""
        try:
            recording = self._measure(user)
            if not self.finished.is_set():
                recording.write(self._recording)
                say("done")
        except LoadError as error:
            self.failed = True
            say("error", message=str(error))
        finally:
            self.finished.set()

    def _measure(self, user: OpenLoopUser) -> Recording:
        send = HttpSender(user.client, self._plan)
        world = explore(self._plan, send, self._worker)
        loop = self._loop = OpenLoop(self._plan, world, send, worker=self._worker, report=user.report)
        start = self._await_start()
        # Nothing that lives now will die during the run: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        reporter = gevent.spawn(self._report_progress, loop, start)
        try:
            return loop.run(schedule(self._plan, self._worker), start=start)
        finally:
            reporter.kill()

    def _await_start(self) -> float:
        if self.finished.is_set():
            return monotonic() + START_DELAY_S
        say("ready")
        return self.start.get() or 0.0

    def _report_progress(self, loop: OpenLoop, start: float) -> None:
        while True:
            gevent.sleep(PROGRESS_INTERVAL_S)
            live = loop.live
            recent = sorted(live.recent_ms)
            lags = sorted(live.recent_lag_ms)
            live.recent_ms.clear()
            live.recent_lag_ms.clear()
            say(
                "progress",
                elapsed_s=monotonic() - start,
                started=live.started,
                failed=live.failed,
                dropped=live.dropped,
                in_flight=loop.in_flight,
                recent_p95_ms=percentile(recent, 95) if recent else None,
                recent_lag_p99_ms=percentile(lags, 99) if lags else None,
            )

    def stop(self) -> None:
        """End the load early, and the waiting for Locust's pages with it."""
        self.stopped.set()
        if self._loop is None:
            self.finished.set()
        else:
            self._loop.interrupt()

    def obey(self) -> None:
        """Follow the parent's commands until it closes the pipe."""
        for line in FileObject(sys.stdin.fileno(), "rb"):
            command, _, value = line.decode().strip().partition(" ")
            if command == "start":
                self.start.set(float(value))
        self.stop()


def main(argv: list[str] | None = None) -> int:
    """Run one worker."""
    parser = argparse.ArgumentParser(prog="chaos.load.run", description="one worker process of titanium load")
    parser.add_argument("--plan", type=LoadPlan.from_json, required=True, help="the plan as JSON")
    parser.add_argument("--worker", type=int, required=True, help="number of this worker, from 0")
    parser.add_argument("--recording", type=Path, required=True, help="file for the raw samples")
    arguments = parser.parse_args(argv)
    plan: LoadPlan = arguments.plan
    _allow_many_connections()
    _come_first()
    run = LoadRun(plan, arguments.worker, arguments.recording)
    gevent.signal_handler(signal.SIGTERM, run.stop)
    gevent.spawn(run.obey)
    return _under_locust(plan, run)


def _allow_many_connections() -> None:
    # A stall leaves every request with a connection of its own; many shells allow 1024 files.
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _come_first() -> None:
    # Real users do not compete with the platform for its processors: on a machine that both share, the schedule comes
    # first. Needs CAP_SYS_NICE; without it the dispatcher lag tells whether the machine was too busy.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


def _under_locust(plan: LoadPlan, run: LoadRun) -> int:
    OpenLoopUser.host = plan.target.url
    OpenLoopUser.concurrency = plan.worker_in_flight
    OpenLoopUser.connection_timeout = OpenLoopUser.network_timeout = plan.timeout_s
    OpenLoopUser.perform = run.perform
    environment = Environment(user_classes=[OpenLoopUser], host=plan.target.url)
    runner = environment.create_local_runner()
    # Locust's pages read the command line for options of their own.
    del sys.argv[1:]
    pages = environment.create_web_ui(host="127.0.0.1", port=plan.web_port) if plan.web_port else None
    runner.start(user_count=1, spawn_rate=1)
    run.finished.wait()
    if pages is not None:
        run.stopped.wait()
        pages.stop()  # type: ignore[no-untyped-call]  # Locust's method has no types
    runner.quit()
    return 3 if run.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
