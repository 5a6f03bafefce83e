"""Bytes of TCP connections as they pass: Envoy's own counters, with Istio's names and labels.

Istio adds a connection's bytes every five seconds. An access logger can count them only when a connection has ended,
which the connections of a pool never do. Envoy's TCP proxy counts every byte at once, under a scope that its
configuration names: the labels are written into that scope, and `stats_tags` of the bootstrap read them back. So the
labels must be known before a connection is made, and flags read `-`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workbench.mesh.local.labels import CONNECTION_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.model import Json

_SCOPE: Final = "istiocustom"
_BETWEEN: Final = ";"

PROMETHEUS_NAMES: Final = {
    "envoy_tcp_downstream_cx_tx_bytes_total": "istio_tcp_sent_bytes_total",
    "envoy_tcp_downstream_cx_rx_bytes_total": "istio_tcp_received_bytes_total",
}
"""What the scrape calls the two counters, by the name on Envoy's Prometheus page."""

PREFIX_TAG: Final = "envoy_tcp_prefix"
"""Envoy's own label, in which the scope's first word is left: Istio has no such label, the scrape drops it."""

SHOWN: Final = rf"^tcp\.{_SCOPE}\..*bytes_total"
"""The counters among all of a proxy's statistics, as an expression."""


def stat_prefix(labels: Mapping[str, str]) -> str:
    """Return the `stat_prefix` of a TCP proxy whose connections have these labels."""
    return f"{_SCOPE}.{_BETWEEN.join(labels[name] for name in CONNECTION_LABELS)}"


def stats_tags() -> list[Json]:
    """Return the bootstrap's `stats_tags`: one for each label, which has its place in the scope.

    Envoy takes the outer group out of the statistic's name and the inner one as the label's value.
    """
    value = f"[^{_BETWEEN}]*"
    ends = [*[_BETWEEN] * (len(CONNECTION_LABELS) - 1), r"\."]
    return [
        {"tag_name": name, "regex": rf"^tcp\.{_SCOPE}\.(?:{value}{_BETWEEN}){{{place}}}(({value}){end})"}
        for place, (name, end) in enumerate(zip(CONNECTION_LABELS, ends, strict=True))
    ]
