"""OpenSLO documents as they are written: plain data with the specification's field names, and YAML with a heading."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import FoldedScalarString

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME: Final = re.compile(r"[^a-z0-9]+")
_FOLD_AT: Final = 80


@dataclass(frozen=True)
class Events:
    """A ratio of counters: `numerator` counts good or bad events. Queries may have {{.window}} where it goes."""

    numerator: str
    total: str
    numerator_is_good: bool


@dataclass(frozen=True)
class Draft:
    """An SLO about to be written. `share` is the promised share as text, `ratio` a stored ratio instead of events."""

    name: str
    service: str
    share: str
    window: str
    events: Events | None = None
    error_ratio: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def name_of(text: str) -> str:
    """Return a name that OpenSLO takes: lower case, digits and dashes, at most 63 characters."""
    return _NAME.sub("-", text.lower()).strip("-")[:63].rstrip("-") or "slo"


def document(draft: Draft) -> dict[str, Any]:
    """Return the SLO document."""
    told = {"labels": dict(draft.labels), "annotations": dict(draft.annotations)}
    metadata = {"name": draft.name, **{key: value for key, value in told.items() if value}}
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": metadata,
        "spec": {
            **({"description": draft.description} if draft.description else {}),
            "service": draft.service,
            "budgetingMethod": "Occurrences",
            "timeWindow": [{"duration": draft.window, "isRolling": True}],
            "indicator": {"metadata": {"name": f"{draft.name}-indicator"[:63]}, "spec": {"ratioMetric": _ratio(draft)}},
            "objectives": [{"target": _number(draft.share)}],
        },
    }


def to_yaml(documents: Sequence[Mapping[str, Any]], heading: str) -> str:
    """Return the documents as YAML under a comment."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    stream = io.StringIO()
    stream.write("".join(f"# {line}\n" for line in heading.splitlines()))
    for number, one in enumerate(documents):
        if number:
            stream.write("---\n")
        yaml.dump(_folded(one), stream)
    return stream.getvalue()


def _ratio(draft: Draft) -> dict[str, Any]:
    if draft.events is None:
        return {"rawType": "failure", "raw": _metric(draft.error_ratio)}
    numerator = "good" if draft.events.numerator_is_good else "bad"
    return {"counter": True, numerator: _metric(draft.events.numerator), "total": _metric(draft.events.total)}


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _number(text: str) -> float:
    return float(text)


def _folded(value: Any) -> Any:  # noqa: ANN401 - a YAML tree
    """Write long queries as blocks, so that a person can read them."""
    if isinstance(value, dict):
        return {key: _folded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_folded(one) for one in value]
    if isinstance(value, str) and len(value) > _FOLD_AT:
        return FoldedScalarString(value)
    return value
