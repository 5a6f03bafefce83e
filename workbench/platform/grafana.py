"""Grafana, where there is one: provisioned with the platform's data and dashboards, to be looked at by anybody.

It comes from nobody's package registry, so that it is never obtained: `GRAFANA_HOME` names an unpacked release, or
`grafana` (or `grafana-server`) is on PATH. It listens on loopback; who is not logged in may look and not change.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboards.grafana.provisioning import Addresses, dashboard_file, datasource_file, datasources
from workbench.errors import UsageError
from workbench.platform import secrets
from workbench.platform.instance import CHECKOUT, Instance
from workbench.platform.monitoring import SCRAPE_INTERVAL_S, write_yaml
from workbench.platform.programs import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE: Final = "GRAFANA_HOME"
_NAMES: Final = ("grafana", "grafana-server")
# Where Debian's and Grafana's own packages keep what the program needs.
_PACKAGED_HOME: Final = Path("/usr/share/grafana")


@dataclass(frozen=True)
class Found:
    """A Grafana on this machine: its program, and the folder with its pages and defaults."""

    program: Path
    home: Path


def find(environment: Mapping[str, str] = os.environ) -> Found | None:
    """Return the Grafana of this machine, or None.

    Raises:
        UsageError: `GRAFANA_HOME` names a folder without a Grafana.
    """
    if home := environment.get(HOME_VARIABLE):
        for name in _NAMES:
            if os.access(program := Path(home) / "bin" / name, os.X_OK):
                return Found(program, Path(home))
        raise UsageError(f"{HOME_VARIABLE}={home} has no bin/grafana", hint="name an unpacked release, or unset it")
    for name in _NAMES:
        if on_path := shutil.which(name, path=environment.get("PATH")):
            return Found(Path(on_path), _PACKAGED_HOME)
    return None


def program(instance: Instance, found: Found) -> Program:
    """Return Grafana's process."""
    folder, port = instance.state / "grafana", instance.ports.grafana
    settings = {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_PATHS_DATA": str(folder / "data"),
        "GF_PATHS_LOGS": str(folder / "logs"),
        "GF_PATHS_PLUGINS": str(folder / "plugins"),
        "GF_PATHS_PROVISIONING": str(folder / "provisioning"),
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_SECURITY_ADMIN_PASSWORD": secrets.password(instance.secrets, "grafana"),
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(CHECKOUT / "dashboards" / "generated" / "overview.json"),
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    }
    # Since release 10 one program has the server as a command.
    argv = (
        str(found.program),
        *(("server",) if found.program.name == "grafana" else ()),
        "--homepath",
        str(found.home),
    )
    return Program("grafana", argv, settings, port=port, ready_url=f"http://127.0.0.1:{port}/api/health")


def write_files(instance: Instance, *, loki: bool, jaeger: bool) -> None:
    """Write what Grafana is told when it starts."""
    addresses = Addresses(
        prometheus=instance.prometheus_url,
        alertmanager=instance.alertmanager_url,
        loki=instance.loki_url if loki else None,
        jaeger=instance.jaeger_url if jaeger else None,
    )
    folder = instance.state / "grafana" / "provisioning"
    sources = datasources(addresses, scrape_interval_s=SCRAPE_INTERVAL_S)
    write_yaml(folder / "datasources" / "titanium.yaml", datasource_file(sources))
    write_yaml(folder / "dashboards" / "titanium.yaml", dashboard_file(str(CHECKOUT / "dashboards" / "generated")))
