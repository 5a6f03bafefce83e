"""Series into a real Prometheus: promtool makes blocks of them, and a Prometheus serves those.

Nothing is scraped: what is asked of Prometheus is what it holds of the past. Only what it would say about itself (its
clock, when it started, how often it scrapes) is answered for the simulated time.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.integration.conftest import unused_port
from tests.live.gate_corpus.telemetry import Measured
from workbench.adapters.prometheus import HttpPrometheus
from workbench.domain.series import Series
from workbench.errors import CannotDecideError
from workbench.platform import components
from workbench.platform.instance import CHECKOUT
from workbench.platform.monitoring import SCRAPE_INTERVAL_S

_DEADLINE_S: Final = 60.0
_SETTLED_S: Final = 10.0
_STARTED_BEFORE_S: Final = 3600.0


@dataclass(frozen=True)
class Simulated:
    """The simulated present: shortly after the measured window."""

    window: Measured

    def now(self) -> float:
        return self.window.end + _SETTLED_S


class PastPrometheus(HttpPrometheus):
    """A Prometheus whose present is that of a simulated run."""

    def __init__(self, url: str, present: Simulated) -> None:
        super().__init__(url)
        self._present = present

    def clock(self) -> float:
        return self._present.now()

    def started_at(self) -> float:
        return self._present.window.start - _STARTED_BEFORE_S

    def scrape_interval_s(self, job: str) -> float:  # noqa: ARG002 - the interface
        return float(SCRAPE_INTERVAL_S)


def write_openmetrics(runs: Sequence[Sequence[Series]], file: Path) -> None:
    """Write the series of all runs, each metric's samples together, as the format asks."""
    lines: dict[str, list[str]] = {}
    for one in (series for run in runs for series in run):
        labels = ",".join(f'{key}="{value}"' for key, value in one.labels.items() if key != "__name__")
        name = one.labels["__name__"]
        head = f"{name}{{{labels}}}"
        lines.setdefault(name, []).extend(f"{head} {value:.0f} {at:.3f}\n" for at, value in one.samples)
    with file.open("w", encoding="utf-8") as stream:
        for name in sorted(lines):
            stream.writelines(lines[name])
        stream.write("# EOF\n")


@contextmanager
def prometheus_with(runs: Sequence[Sequence[Series]], folder: Path) -> Iterator[str]:
    """Serve the series from a Prometheus of its own; yield its URL."""
    folder.mkdir(parents=True)
    text, data, configuration = folder / "series.txt", folder / "data", folder / "prometheus.yml"
    write_openmetrics(runs, text)
    kept = CHECKOUT / ".titanium" / "components"
    promtool = components.obtain(components.PROMTOOL, kept)
    made = subprocess.run(
        [str(promtool), "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    text.unlink()
    configuration.write_text("scrape_configs: []\n", encoding="utf-8")
    address = f"127.0.0.1:{unused_port()}"
    command = [
        str(components.obtain(components.PROMETHEUS, kept)),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_until_it_answers(f"http://{address}", process, folder / "log")
            yield f"http://{address}"
        finally:
            process.kill()


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + _DEADLINE_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            HttpPrometheus(url).clock()
        except CannotDecideError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Prometheus does not answer:\n{log.read_text(encoding='utf-8')}")
