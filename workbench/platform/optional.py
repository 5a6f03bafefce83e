"""The optional components: what they are, where their programs are found, and what a missing one costs.

They are servers that no package registry has as programs, but that are Go modules: `go_builds` builds them from the
pinned module files below workbench/components. Found in this order: the component's environment variable, what was
built here on purpose (`.titanium/bin`), PATH. None is needed: without them the platform runs, and `status` says what is
missing. Those that `TITANIUM_WITHOUT` names (`loki,jaeger`) are not looked for.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.errors import UsageError


@dataclass(frozen=True)
class Component:
    """A Go module with one or more programs; `packages` end in the programs' names, the main one first.

    `version_variable` is where its code looks for its own version, which a build outside its repository has to tell it.
    """

    name: str
    variable: str
    module: str
    packages: tuple[str, ...]
    serves: str
    version_variable: str
    tags: str = ""

    @property
    def programs(self) -> tuple[str, ...]:
        """The names of the programs, the main one first."""
        return tuple(package.rpartition("/")[2] for package in self.packages)

    def release(self, version: str) -> str:
        """Return what a module's version is called as a program: Prometheus 3.16.0 is the module v0.316.0."""
        shown = version.removeprefix("v")
        found = re.fullmatch(r"0\.3(\d\d)\.(\d+)", shown) if self.name == "prometheus" else None
        return f"3.{int(found[1])}.{found[2]}" if found else shown

    @property
    def way(self) -> str:
        """How to get it."""
        return f"titanium components build {self.name}"


LOKI: Final = Component(
    "loki",
    "LOKI_BIN",
    "github.com/grafana/loki/v3",
    ("cmd/loki",),
    "logs of all programs in one place",
    "github.com/grafana/loki/v3/pkg/util/build.Version",
)
JAEGER: Final = Component(
    "jaeger",
    "JAEGER_BIN",
    "github.com/jaegertracing/jaeger",
    ("cmd/jaeger",),
    "traces",
    "github.com/jaegertracing/jaeger/internal/version.latestVersion",
)
# Without service discovery, a dependency of which cannot be built; static targets are all that is used here.
PROMETHEUS_3: Final = Component(
    "prometheus",
    "PROMETHEUS_BIN",
    "github.com/prometheus/prometheus",
    ("cmd/prometheus", "cmd/promtool"),
    "Prometheus 3 in the place of Debian's 2",
    "github.com/prometheus/common/version.Version",
    "remove_all_sd",
)
COMPONENTS: Final = (LOKI, JAEGER, PROMETHEUS_3)
WITHOUT_VARIABLE: Final = "TITANIUM_WITHOUT"
# Those that the platform runs without; a Prometheus there is always.
SERVERS: Final = (LOKI, JAEGER)


def by_name(name: str) -> Component:
    """Return a component.

    Raises:
        UsageError: there is none of that name.
    """
    for component in COMPONENTS:
        if component.name == name:
            return component
    known = ", ".join(component.name for component in COMPONENTS)
    raise UsageError(f"there is no optional component {name!r}", hint=f"there are: {known}")


def find(component: Component, built: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return a component's main program if it is on this machine and wanted; `built` is where builds are put.

    Raises:
        UsageError: an environment variable names something that cannot be run, or is no component.
    """
    if component in unwanted(environment):
        return None
    if (named := named_program(component.variable, environment)) is not None:
        return named
    mine = built / component.programs[0]
    if mine.exists():
        return mine
    found = shutil.which(component.programs[0], path=environment.get("PATH"))
    return Path(found) if found else None


def unwanted(environment: Mapping[str, str]) -> list[Component]:
    """Return the servers that are to stay away although they may be there.

    Raises:
        UsageError: the variable names something else.
    """
    names = [name.strip() for name in environment.get(WITHOUT_VARIABLE, "").split(",") if name.strip()]
    servers = {component.name: component for component in SERVERS}
    for name in names:
        if name not in servers:
            raise UsageError(f"{WITHOUT_VARIABLE} names {name!r}", hint=f"it may name: {', '.join(servers)}")
    return [servers[name] for name in names]


def named_program(variable: str, environment: Mapping[str, str]) -> Path | None:
    """Return the program that an environment variable names, None when it is not set.

    Raises:
        UsageError: it names something that cannot be run.
    """
    named = environment.get(variable)
    if not named:
        return None
    if not os.access(named, os.X_OK) or Path(named).is_dir():
        raise UsageError(f"{variable}={named} cannot be executed", hint="name a program, or unset it")
    return Path(named)
