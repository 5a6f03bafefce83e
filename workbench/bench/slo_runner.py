"""Runs the benchmark of the SLO compiler and of its rules, one part after the other.

Contract: `run` returns all figures or raises: a figure that could not be measured is an error, never a gap. Everything
that it writes lies in a temporary folder, which is gone afterwards.
"""

from __future__ import annotations

import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from slo.resolve import load_objectives
from workbench.adapters.git import revision
from workbench.bench import slo_compile, slo_prometheus
from workbench.bench.setting import processor, system
from workbench.bench.slo_figures import SloBench, SloSetting
from workbench.bench.slo_shapes import SHAPES
from workbench.platform import components

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.bench.slo_figures import SloPlan

TEMPLATE: Final = Path("slo/objectives/gateway-availability.yaml")


def run(checkout: Path, programs: Path, plan: SloPlan, say: Callable[[str], object]) -> SloBench:
    """Measure; `programs` is the folder into which components are unpacked.

    Raises:
        TitaniumError: there is no Prometheus, or something could not be measured.
    """
    program = components.obtain(components.PROMETHEUS, programs)
    setting = _setting(checkout)
    with tempfile.TemporaryDirectory(prefix="titanium-bench-slo-") as scratch:
        many, some = Path(scratch, "many"), Path(scratch, "some")
        for folder, count in ((many, plan.files), (some, plan.slos)):
            folder.mkdir()
            slo_compile.write_copies(checkout / TEMPLATE, count, folder)
        say(f"compiling {plan.files} SLO files")
        compiler = slo_compile.measure(many)
        say(f"{len(SHAPES)} Prometheus evaluate the rules of {plan.slos} SLOs, {plan.evaluations} times")
        rules = slo_prometheus.measure(SHAPES, load_objectives([some]), plan, program, Path(scratch))
    return SloBench(setting, plan, compiler, rules)


def _setting(checkout: Path) -> SloSetting:
    return SloSetting(
        measured_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        revision=revision(checkout),
        machine=processor(),
        cpus=os.cpu_count() or 1,
        memory_gib=psutil.virtual_memory().total / 2**30,
        system=f"{system()}, Linux {platform.release().split('-')[0]}",
        python=platform.python_version(),
    )
