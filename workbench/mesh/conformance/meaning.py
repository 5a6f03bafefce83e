"""Meaning rather than bytes: two configurations that Envoy treats alike become equal data.

Defaults of the protocol are taken out, durations and percentages become numbers, sets are sorted. What the renderer
leaves out on purpose is in `IGNORED`, with the reason, for all cases alike; nothing else is forgiven.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

IGNORED_FIELDS = {
    "decorator": "names the span of a route, it has no effect on traffic",
}
IGNORED_FILTERS = {
    "envoy.filters.http.grpc_stats": "counts gRPC messages of single methods; the workload speaks no gRPC",
}

_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("lb_policy", "ROUND_ROBIN"),
    ("case_sensitive", True),
    ("append_action", "APPEND_IF_EXISTS_OR_ADD"),
    ("response_code", "MOVED_PERMANENTLY"),
    ("require_client_certificate", False),
    ("filter_chain_match", {}),
    ("action", "ALLOW"),
)
"""Fields whose absence means the same (protocol buffers' defaults, and Envoy's for wrapped booleans)."""

_SETS = frozenset({"domains", "match_subject_alt_names", "custom_tags"})
"""Lists in which order means nothing."""

_INT64 = frozenset({"host_selection_retry_max_attempts", "minimum_ring_size", "table_size"})
"""64-bit integers, which protocol buffers write as strings."""

_FRACTIONS = frozenset({"percentage", "default_value"})
_DENOMINATORS = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
_DURATION = re.compile(r"\d+(\.\d+)?s")


@dataclass(frozen=True)
class Difference:
    """One place where the two sides mean different things; `absent` stands for nothing at all."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.path}: Istio has {self.expected!r}, rendered is {self.actual!r}"


ABSENT = "absent"


def meaning(value: Any, key: str = "") -> Any:  # noqa: ANN401 -- any JSON
    """Return the canonical form of a JSON value that stands in the field `key`."""
    if isinstance(value, dict):
        if key in _FRACTIONS and value.keys() <= {"numerator", "denominator"}:
            return value.get("numerator", 0) / _DENOMINATORS[value.get("denominator", "HUNDRED")]
        fields = {name: meaning(one, name) for name, one in value.items() if name not in IGNORED_FIELDS}
        return {name: one for name, one in fields.items() if (name, one) not in _DEFAULTS}
    if isinstance(value, list):
        kept = [one for one in value if not (key == "http_filters" and one.get("name") in IGNORED_FILTERS)]
        items = [meaning(one, key) for one in kept]
        return sorted(items, key=lambda one: json.dumps(one, sort_keys=True)) if key in _SETS else items
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return ("seconds", float(value[:-1]))
    if key in _INT64:
        return int(value)
    return value


def differences(expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:  # noqa: ANN401 -- any JSON
    """Yield every place where two canonical values differ."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}):
            yield from differences(expected.get(key, ABSENT), actual.get(key, ABSENT), f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{path}/{index}")
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield Difference(path, expected, actual)
