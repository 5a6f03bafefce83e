"""Loki and Jaeger of an instance, as far as their programs are on this machine: processes, files, who is told of them.

None is ever waited for by a user's request: services and proxies drop what a backend does not take. Without Loki logs
are files, without Jaeger there are no traces and no proxy or service makes a span. Both listen on 127.0.0.1 only.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from workbench.platform import monitoring, optional
from workbench.platform.instance import Instance
from workbench.platform.programs import Program

JAEGER_CONFIGURATION: Final = Path("k8s/monitoring/jaeger/config.yaml")
_RETENTION_H: Final = 24
# What a user sets in the own environment is what the user wants (`workloads.base_environment` passes it on).
_LOGS: Final = "LOKI_URL"
_TRACES: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"


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

    def write_files(self) -> None:
        """Write Loki's configuration; Jaeger's is a manifest."""
        if self.loki:
            monitoring.write_yaml(_loki_file(self.instance), loki_configuration(self.instance))


def loki_configuration(instance: Instance) -> dict[str, Any]:
    """Return Loki's configuration: one process, files below the state folder, a day of logs."""
    folder, ports = instance.state / "loki", instance.ports
    here = "127.0.0.1"
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {
            "http_listen_address": here,
            "http_listen_port": ports.loki,
            "grpc_listen_address": here,
            "grpc_listen_port": ports.loki_grpc,
            "log_level": "warn",
        },
        "common": {
            "instance_addr": here,
            "path_prefix": str(folder),
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {"chunks_directory": str(folder / "chunks"), "rules_directory": str(folder / "rules")}
            },
        },
        # Alone, it need not wait for others: ready after 2 s instead of 16.
        "ingester": {"lifecycler": {"min_ready_duration": "0s"}},
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "limits_config": {
            "retention_period": f"{_RETENTION_H}h",
            "allow_structured_metadata": True,
            "discover_log_levels": False,
        },
        "compactor": {
            "working_directory": str(folder / "compactor"),
            "retention_enabled": True,
            "delete_request_store": "filesystem",
        },
    }


def _loki_file(instance: Instance) -> Path:
    return instance.state / "loki" / "loki.yml"


def _loki(instance: Instance, binary: Path) -> Program:
    argv = (str(binary), f"-config.file={_loki_file(instance)}")
    return Program("loki", argv, port=instance.ports.loki, ready_url=f"{instance.loki_url}/ready")


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
