"""Absence: what does not report any more. No data is never good news."""

from __future__ import annotations

from typing import Final

from alerts.model import MetricAlert, Severity, Theme
from services.common.telemetry import registry

_SERVED: Final = f"{registry.REQUEST_DURATION.name}_count"
_BLOG: Final = 'up{job="services",app="blog"}'
_ENVOY: Final = 'up{job="envoy-stats",app="blog"}'

THEME: Final = Theme(
    "absence",
    "what does not report any more",
    (
        MetricAlert(
            name="TargetDown",
            expr='up{job=~".+"} == 0',
            wait="1m",
            severity=Severity.WARNING,
            team="platform",
            summary="Prometheus cannot scrape a target",
            description="{{ $labels.job }} {{ $labels.app }} ({{ $labels.instance }}) has not answered for a minute.",
            panel="platform/targets",
            bad={_BLOG: 0},
            good={_BLOG: 1},
        ),
        MetricAlert(
            name="ServiceTargetsAbsent",
            expr='absent(up{job="services"})',
            wait="2m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="No service is scraped at all",
            description="Prometheus knows no target of the job services: nothing that the services say can be seen.",
            panel="platform/targets",
            bad={_BLOG: None},
            good={_BLOG: 1},
        ),
        MetricAlert(
            name="MeshTargetsAbsent",
            expr='absent(up{job="envoy-stats"})',
            wait="2m",
            severity=Severity.CRITICAL,
            team="platform",
            summary="No proxy is scraped at all",
            description="Prometheus knows no target of the job envoy-stats: every objective of the mesh is blind.",
            panel="platform/targets",
            bad={_ENVOY: None},
            good={_ENVOY: 1},
        ),
        MetricAlert(
            name="MeshMetricsAbsent",
            expr='absent(istio_requests_total{job="envoy-stats"}) and on () count(up{job="envoy-stats"} == 1) > 0',
            wait="10m",
            severity=Severity.WARNING,
            team="platform",
            summary="Proxies answer, but count no request",
            description="Proxies are scraped and istio_requests_total has no series: no traffic since they began, or "
            "no telemetry.",
            panel="mesh/requests",
            bad={_ENVOY: 1, 'istio_requests_total{job="envoy-stats",reporter="source"}': None},
            good={_ENVOY: 1, 'istio_requests_total{job="envoy-stats",reporter="source"}': 60},
        ),
        MetricAlert(
            name="ServiceMetricsAbsent",
            expr=f'up{{job="services"}} == 1 unless on (app) {_SERVED}{{job="services"}}',
            wait="10m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service answers, but counts no request",
            description="{{ $labels.app }} is scraped and has counted no request since it began: no traffic, or broken "
            "middleware.",
            panel="service/rate-by-route",
            variables={"service": "{{ $labels.app }}"},
            bad={_BLOG: 1, f'{_SERVED}{{job="services",app="blog"}}': None},
            good={_BLOG: 1, f'{_SERVED}{{job="services",app="blog"}}': 60},
        ),
        MetricAlert(
            name="ServiceRestarting",
            expr='changes(process_start_time_seconds{job="services"}[15m]) > 2',
            wait="0m",
            severity=Severity.WARNING,
            team="platform",
            summary="A service restarts again and again",
            description='{{ $labels.app }} has begun anew {{ $value | printf "%.0f" }} times in 15 minutes.',
            panel="platform/targets",
            # A start time that grows every minute is a restart every minute.
            bad={'process_start_time_seconds{job="services",app="blog"}': 100},
            good={'process_start_time_seconds{job="services",app="blog"}': 0},
            settles_min=16,
        ),
    ),
)
