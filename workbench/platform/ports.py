"""Every port of an instance, as an offset to its base; the one table that everything else asks.

An instance owns 100 consecutive ports on 127.0.0.1. None is a server's standard port, so that another PostgreSQL,
Redis or Prometheus on the machine stays undisturbed. The numbers in comments are what Istio uses in a pod.
"""

from dataclasses import dataclass
from typing import Final

PORTS_PER_INSTANCE: Final = 100
DEFAULT_PORT_BASE: Final = 21000

# Offsets of the four workloads' blocks; `blog-v2` is the second version used by traffic-splitting experiments.
WORKLOAD_BLOCKS: Final = {"api-gateway": 10, "auth": 20, "user": 30, "blog": 40, "blog-v2": 50}


@dataclass(frozen=True)
class WorkloadPorts:
    """The ports of one workload: its application and its sidecar."""

    app: int
    management: int
    inbound: int  # 15006
    outbound: int  # 15001
    admin: int  # 15000
    stats: int  # 15090
    postgres: int  # outbound TCP, postgres:5432
    valkey: int  # outbound TCP, valkey:6379


@dataclass(frozen=True)
class Ports:
    """The ports of one instance."""

    base: int

    @property
    def ingress(self) -> int:
        return self.base

    @property
    def prometheus(self) -> int:
        return self.base + 1

    @property
    def alertmanager(self) -> int:
        return self.base + 2

    @property
    def postgres(self) -> int:
        return self.base + 3

    @property
    def valkey(self) -> int:
        return self.base + 4

    @property
    def ingress_admin(self) -> int:
        return self.base + 5

    @property
    def ingress_stats(self) -> int:
        return self.base + 6

    @property
    def locust_web(self) -> int:
        return self.base + 8

    @property
    def pages(self) -> int:
        """The workbench's own pages: alerts received, runbooks, dashboards."""
        return self.base + 9

    @property
    def loki(self) -> int:
        return self.base + 60

    @property
    def jaeger_otlp(self) -> int:
        return self.base + 61

    @property
    def jaeger(self) -> int:
        """Jaeger's pages and API."""
        return self.base + 62

    @property
    def jaeger_metrics(self) -> int:
        return self.base + 63

    @property
    def grafana(self) -> int:
        return self.base + 64

    @property
    def postgres_exporter(self) -> int:
        return self.base + 65

    @property
    def valkey_exporter(self) -> int:
        return self.base + 66

    @property
    def node_exporter(self) -> int:
        return self.base + 67

    @property
    def loki_grpc(self) -> int:
        """Where Loki's parts talk to each other."""
        return self.base + 70

    @property
    def jaeger_grpc(self) -> int:
        return self.base + 71

    @property
    def jaeger_health(self) -> int:
        return self.base + 72

    def workload(self, name: str) -> WorkloadPorts:
        """Return the block of a workload; KeyError when it has none."""
        first = self.base + WORKLOAD_BLOCKS[name]
        return WorkloadPorts(*range(first, first + 8))
