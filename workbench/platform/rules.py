"""The rules that the platform's Prometheus loads: the generated ones, with links that lead to this instance's pages.

Generated files carry a reserved name where the address of the pages belongs (`slo.links.BASE`); a copy of each, with
the instance's own address in its place, is what Prometheus reads.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from slo.links import BASE
from workbench.platform.instance import CHECKOUT, Instance

if TYPE_CHECKING:
    from pathlib import Path

# Compiled from slo/objectives and from alerts/themes, and committed.
SOURCES: Final = {
    "slo": CHECKOUT / "slo" / "generated" / "prometheus",
    "alerts": CHECKOUT / "alerts" / "generated" / "prometheus",
}


def folder(instance: Instance) -> Path:
    """Return where the instance's copies are, one folder a source."""
    return instance.state / "prometheus" / "rules"


def patterns(instance: Instance) -> list[str]:
    """Return what Prometheus loads."""
    return [str(folder(instance) / name / "*.yaml") for name in SOURCES]


def write(instance: Instance) -> None:
    """Copy the rules; those of before are gone."""
    shutil.rmtree(folder(instance), ignore_errors=True)
    for name, source in SOURCES.items():
        target = folder(instance) / name
        target.mkdir(parents=True)
        for file in source.glob("*.yaml"):
            text = file.read_text(encoding="utf-8").replace(BASE, instance.pages_url)
            (target / file.name).write_text(text, encoding="utf-8")
