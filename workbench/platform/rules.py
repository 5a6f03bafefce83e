"""The rules that the platform's Prometheus and Loki load: the generated ones, with links to this instance's pages.

Generated files carry a reserved name where the address of the pages belongs (`slo.links.BASE`); a copy of each, with
the instance's own address in its place, is what is read.
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
# Loki looks in a folder for each tenant; without tenants it calls its only one so.
_OF_LOKI: Final = CHECKOUT / "alerts" / "generated" / "loki"
_TENANT: Final = "fake"


def folder(instance: Instance) -> Path:
    """Return where Prometheus' copies are, one folder a source."""
    return instance.state / "prometheus" / "rules"


def loki_folder(instance: Instance) -> Path:
    """Return where Loki's copies are, one folder a tenant."""
    return instance.state / "loki-rules"


def patterns(instance: Instance) -> list[str]:
    """Return what Prometheus loads."""
    return [str(folder(instance) / name / "*.yaml") for name in SOURCES]


def write(instance: Instance) -> None:
    """Copy the rules; those of before are gone."""
    for name, source in SOURCES.items():
        _copy(source, folder(instance) / name, instance.pages_url)
    _copy(_OF_LOKI, loki_folder(instance) / _TENANT, instance.pages_url)


def _copy(source: Path, target: Path, pages_url: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in source.glob("*.yaml"):
        text = file.read_text(encoding="utf-8").replace(BASE, pages_url)
        (target / file.name).write_text(text, encoding="utf-8")
