"""Loki and Jaeger of an instance, as far as their programs are here: processes, addresses, who is told of them.

None is ever waited for by a user's request: services and proxies drop what a backend does not take. Without Loki logs
are files, without Jaeger there are no traces and no proxy or service makes a span. Both listen on 127.0.0.1 only.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from workbench.platform import optional, rules
from workbench.platform.instance import Instance
from workbench.platform.programs import Program

# The files that a cluster gets as well; what differs comes from the environment.
LOKI_CONFIGURATION: Final = Path("k8s/monitoring/logs/loki/config.yaml")
JAEGER_CONFIGURATION: Final = Path("k8s/monitoring/jaeger/config.yaml")
# What a user sets in the own environment is what the user wants (`workloads.base_environment` passes it on).
_LOGS: Final = "LOKI_URL"
_TRACES: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
# How often Loki's rules are evaluated here: as often as Prometheus'.
_EVALUATED: Final = "5s"


@dataclass(frozen=True)
class Backends:
    """The programs that were found; None is one that is not there."""

    instance: Instance
    loki: Path | None
    jaeger: Path | None

    @classmethod
    def found(cls, instance: Instance, environment: Mapping[str, str] = os.environ) -> Self:
        """Look for the programs.

        Raises:
            UsageError: LOKI_BIN or JAEGER_BIN names something that cannot be run.
        """
        places = (optional.find(one, instance.bin, environment) for one in (optional.LOKI, optional.JAEGER))
        return cls(instance, *places)

    def programs(self) -> tuple[Program, ...]:
        """Return the processes."""
        return (
            *((_loki(self.instance, self.loki), _shipper(self.instance)) if self.loki else ()),
            *((_jaeger(self.instance, self.jaeger),) if self.jaeger else ()),
        )

    def variables(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return what a service is told, unless the user's own environment says otherwise."""
        wanted = {_LOGS: self.instance.loki_url} if self.loki else {}
        if self.jaeger and not any(name.startswith("OTEL_EXPORTER_OTLP") for name in environment):
            # Which traces are kept is decided when they are complete (k8s/monitoring/jaeger/config.yaml).
            wanted |= {_TRACES: self.instance.otlp_url, "OTEL_TRACES_SAMPLER": "parentbased_always_on"}
        return {name: value for name, value in wanted.items() if not environment.get(name)}

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Return where the mesh's proxies send spans; nowhere without Jaeger."""
        return {"jaeger": ("127.0.0.1", self.instance.ports.jaeger_otlp)} if self.jaeger else {}

    def metrics_ports(self) -> dict[str, int]:
        """Return the ports that Prometheus scrapes, by job."""
        ports = self.instance.ports
        return {
            **({"loki": ports.loki} if self.loki else {}),
            **({"jaeger": ports.jaeger_metrics} if self.jaeger else {}),
        }


def _loki(instance: Instance, binary: Path) -> Program:
    variables = {
        "LOKI_HOST": "127.0.0.1",
        "LOKI_HTTP_PORT": str(instance.ports.loki),
        "LOKI_GRPC_PORT": str(instance.ports.loki_grpc),
        "LOKI_FOLDER": str(instance.state / "loki"),
        "LOKI_RULES": str(rules.loki_folder(instance)),
        "LOKI_EVALUATION": _EVALUATED,
        "ALERTMANAGER_URL": instance.alertmanager_url,
        "PROMETHEUS_URL": instance.prometheus_url,
    }
    argv = (str(binary), f"-config.file={instance.checkout / LOKI_CONFIGURATION}", "-config.expand-env=true")
    return Program("loki", argv, variables, port=instance.ports.loki, ready_url=f"{instance.loki_url}/ready")


def _shipper(instance: Instance) -> Program:
    positions = instance.run / "log-shipper.json"
    argv = (
        sys.executable,
        "-m",
        "workbench.platform.log_shipper",
        str(instance.logs),
        instance.loki_url,
        str(positions),
    )
    return Program("log-shipper", argv)


def _jaeger(instance: Instance, binary: Path) -> Program:
    ports = instance.ports
    variables = {
        "JAEGER_HOST": "127.0.0.1",
        "JAEGER_OTLP_PORT": str(ports.jaeger_otlp),
        "JAEGER_HTTP_PORT": str(ports.jaeger),
        "JAEGER_GRPC_PORT": str(ports.jaeger_grpc),
        "JAEGER_METRICS_PORT": str(ports.jaeger_metrics),
        "JAEGER_HEALTH_PORT": str(ports.jaeger_health),
    }
    argv = (str(binary), "--config", str(instance.checkout / JAEGER_CONFIGURATION))
    ready = f"http://127.0.0.1:{ports.jaeger_health}/status"
    return Program("jaeger", argv, variables, port=ports.jaeger_otlp, ready_url=ready)
