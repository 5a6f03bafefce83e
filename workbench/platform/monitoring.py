"""Prometheus and Alertmanager of an instance: their configuration files and processes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from ruamel.yaml import YAML

from workbench.mesh.local.tcp_bytes import PREFIX_TAG, PROMETHEUS_NAMES
from workbench.platform import components
from workbench.platform.instance import Instance
from workbench.platform.ports import Ports
from workbench.platform.programs import Program

SCRAPE_INTERVAL_S: Final = 2
WORKLOADS: Final = ("api-gateway", "auth", "user", "blog")
NAMESPACE: Final = "titanium-prod"
INGRESS_NAMESPACE: Final = "istio-ingress"
INGRESS_WORKLOAD: Final = "istio-ingressgateway"
# Envoy's stats access logger writes `envoy_<scope>_<metric>`; Istio's own names have no such prefix (docs/adr).
_STRIP_PREFIX: Final = {
    "source_labels": ["__name__"],
    "regex": "envoy_istiocustom_(istio_.*|titanium_.*)",
    "target_label": "__name__",
    "replacement": "$1",
}
# Envoy splits a listener's address at its dots: `envoy_http_0_0_0_80__fault_delays_injected`.
_FAULTS: Final = {
    "source_labels": ["__name__"],
    "regex": "envoy_http_.*_?fault_(delays|aborts)_injected",
    "target_label": "__name__",
    "replacement": "envoy_http_fault_${1}_injected",
}
_ISTIOS_NAMES: Final = (
    _STRIP_PREFIX,
    _FAULTS,
    *(
        {"source_labels": ["__name__"], "regex": envoys, "target_label": "__name__", "replacement": istios}
        for envoys, istios in PROMETHEUS_NAMES.items()
    ),
    {"action": "labeldrop", "regex": PREFIX_TAG},
)


def prometheus_configuration(
    ports: Ports, rule_files: Sequence[str] = (), optional: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return prometheus.yml as data; `optional` has the metrics ports of components that may be missing, by job."""
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_INTERVAL_S}s",
            "scrape_timeout": f"{SCRAPE_INTERVAL_S}s",
            "evaluation_interval": "5s",
        },
        "rule_files": list(rule_files),
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports.alertmanager}"]}]}]},
        "scrape_configs": [
            {
                "job_name": "envoy-stats",
                "metrics_path": "/stats/prometheus",
                "static_configs": [
                    _target(ports.ingress_stats, INGRESS_WORKLOAD, INGRESS_NAMESPACE),
                    *(_target(ports.workload(name).stats, name, NAMESPACE) for name in WORKLOADS),
                ],
                "metric_relabel_configs": [*_ISTIOS_NAMES],
            },
            {
                "job_name": "services",
                "static_configs": [_target(ports.workload(name).management, name, NAMESPACE) for name in WORKLOADS],
            },
            _job("postgres", ports.postgres_exporter),
            _job("valkey", ports.valkey_exporter),
            _job("node", ports.node_exporter),
            _job("prometheus", ports.prometheus),
            _job("alertmanager", ports.alertmanager),
            *(_job(name, port) for name, port in (optional or {}).items()),
        ],
    }


def target_count(configuration: Mapping[str, Any]) -> int:
    """Return how many targets a prometheus.yml scrapes."""
    jobs = configuration["scrape_configs"]
    return sum(len(static["targets"]) for job in jobs for static in job["static_configs"])


def reload_prometheus(instance: Instance) -> None:
    """Let a running Prometheus read its configuration again; one that does not answer is about to be started anyway."""
    request = Request(f"{instance.prometheus_url}/-/reload", method="POST")  # noqa: S310 - an address of our own port
    with suppress(URLError, OSError, HTTPException), build_opener(ProxyHandler({})).open(request, timeout=5):
        pass


def _job(name: str, port: int) -> dict[str, Any]:
    """Return a job of one process."""
    return {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}


def _target(port: int, workload: str, namespace: str) -> dict[str, Any]:
    """Return one target with the labels that Kubernetes discovery gives a pod."""
    return {
        "targets": [f"127.0.0.1:{port}"],
        "labels": {"namespace": namespace, "pod": f"{workload}-0", "app": workload},
    }


def write_yaml(file: Path, document: dict[str, Any]) -> None:
    """Write a YAML file, complete or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".new")
    with scratch.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(document, stream)
    scratch.replace(file)


def prometheus_program(instance: Instance, binary: Path, *, written_to: bool = False) -> Program:
    """Return Prometheus' process; its data is kept for a day, which is what a local platform needs.

    `written_to`: others may write into it, as Loki does with what it records.
    """
    folder, address = instance.state / "prometheus", f"127.0.0.1:{instance.ports.prometheus}"
    argv = (
        str(binary),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=24h",
        f"--web.listen-address={address}",
        "--web.enable-lifecycle",
        "--enable-feature=exemplar-storage",
        # An alert that Alertmanager has missed, being started at the same time, is sent again soon, not after a minute.
        "--rules.alert.resend-delay=5s",
        "--log.level=warn",
        *(("--web.enable-remote-write-receiver",) if written_to else ()),
    )
    where = components.working_folder(binary, instance.components)
    ready = f"{instance.prometheus_url}/-/ready"
    return Program("prometheus", argv, port=instance.ports.prometheus, ready_url=ready, directory=where)


def alertmanager_program(instance: Instance, binary: Path) -> Program:
    """Return Alertmanager's process, without clustering."""
    folder, address = instance.state / "alertmanager", f"127.0.0.1:{instance.ports.alertmanager}"
    argv = (
        str(binary),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    )
    where = components.working_folder(binary, instance.components)
    ready = f"{instance.alertmanager_url}/-/ready"
    return Program("alertmanager", argv, port=instance.ports.alertmanager, ready_url=ready, directory=where)
