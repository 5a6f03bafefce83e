"""The mesh: calls that are not encrypted, workloads that cannot be reached, certificates that run out."""

from __future__ import annotations

from typing import Final

from alerts.model import MetricAlert, Severity, Theme
from services.common.telemetry.workbench import CERTIFICATE_NOT_AFTER

_ENDS: Final = CERTIFICATE_NOT_AFTER.name
_LEFT: Final = f'min by (workload) ({_ENDS}{{job="node"}}) - time()'
_DESTINATION: Final = 'job="envoy-stats",reporter="destination"'
_SOURCE: Final = 'job="envoy-stats",reporter="source"'
# UF: connection failed, also after retries (URX,UF); UH: no healthy host; UC: cut; NR: no route.
# Callers see a proxy that is gone, the workload's own proxy sees a process that is gone: both count.
_SEEN: Final = 'job="envoy-stats"'
_UNREACHED: Final = f'{_SEEN},response_flags=~".*(UF|UH|UC|NR).*"'


def _policy(plain: float) -> dict[str, float | None]:
    calls = f'istio_requests_total{{{_DESTINATION},source_workload="api-gateway",destination_workload="blog"'
    return {
        f'{calls},connection_security_policy="mutual_tls"}}': 600,
        f'{calls},connection_security_policy="none"}}': plain,
    }


def _reached(failed: float) -> dict[str, float | None]:
    calls = f'istio_requests_total{{{_SOURCE},source_workload="api-gateway",destination_workload="blog"'
    return {f'{calls},response_flags="-"}}': 600, f'{calls},response_flags="URX,UF"}}': failed}


def _certificate(ends_at: float) -> dict[str, float | None]:
    return {f'{_ENDS}{{job="node",workload="blog"}}': ends_at}


THEME: Final = Theme(
    "mesh",
    "calls that are not encrypted, certificates that run out, workloads that cannot be reached",
    (
        MetricAlert(
            name="MeshPlaintext",
            expr="sum by (destination_workload) (rate(istio_requests_total{"
            f'{_DESTINATION},connection_security_policy="none",source_workload!="unknown"}}[5m])) > 0',
            wait="2m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="Workloads talk without mutual TLS",
            description='{{ $labels.destination_workload }} took {{ $value | printf "%.1f" }} calls/s of workloads in '
            "plaintext.",
            panel="mesh/mtls",
            bad=_policy(30),
            good=_policy(0),
        ),
        MetricAlert(
            name="CertificateNotRenewed",
            # Certificates live 24 hours and are renewed after 12: with 10 left, renewing has failed for two hours.
            expr=f"{_LEFT} < 10 * 3600",
            wait="10m",
            severity=Severity.WARNING,
            team="platform",
            summary="A proxy's certificate was not renewed in time",
            description="The certificate of {{ $labels.workload }} ends in {{ $value | humanizeDuration }} and should "
            "have been renewed.",
            panel="mesh/certificates",
            # promtool's clock begins in 1970.
            bad=_certificate(1800),
            good=_certificate(864000),
        ),
        MetricAlert(
            name="CertificateExpiresSoon",
            expr=f"{_LEFT} < 3600",
            wait="5m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="A proxy's certificate is about to end",
            description="The certificate of {{ $labels.workload }} ends in {{ $value | humanizeDuration }}; then "
            "nobody can call it, and it can call nobody.",
            panel="mesh/certificates",
            bad=_certificate(1800),
            good=_certificate(864000),
        ),
        MetricAlert(
            name="MeshUpstreamUnreachable",
            expr=f"sum by (destination_workload) (rate(istio_requests_total{{{_UNREACHED}}}[5m]))"
            f" > 0.05 * sum by (destination_workload) (rate(istio_requests_total{{{_SEEN}}}[5m]))",
            wait="2m",
            severity=Severity.WARNING,
            team="platform",
            summary="A workload cannot be reached",
            description='{{ $labels.destination_workload }}: {{ $value | printf "%.1f" }} calls/s fail to connect, '
            "more than one in twenty.",
            panel="mesh/flags",
            bad=_reached(120),
            good=_reached(0),
        ),
    ),
)
