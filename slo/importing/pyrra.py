"""Pyrra's `ServiceLevelObjective` as OpenSLO. Source of the format: github.com/pyrra-dev/pyrra, pyrra.dev/v1alpha1."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from slo import duration
from slo.errors import MalformedError, UnsupportedError
from slo.importing.document import Draft, Events, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION: Final = "pyrra.dev/v1alpha1"
_PART: Final = re.compile(r"([0-9]+)(ms|[smhdwy])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def is_pyrra(document: Mapping[str, Any]) -> bool:
    """Whether a document is Pyrra's."""
    return document.get("apiVersion") == API_VERSION


def draft(document: Mapping[str, Any], where: str) -> Draft:
    """Return the document's SLO.

    Raises:
        SloError: a field is missing, or its indicator has no counterpart here.
    """
    metadata, spec = document.get("metadata") or {}, document.get("spec") or {}
    name = metadata.get("name")
    if not isinstance(name, str):
        raise MalformedError(f"{where}: metadata.name: is missing")
    labels = {str(key).removeprefix("pyrra.dev/"): str(value) for key, value in (metadata.get("labels") or {}).items()}
    owner = labels.get("team") or labels.get("owner")
    return Draft(
        name=name_of(name),
        service=name_of(labels.get("service") or labels.get("app") or name),
        share=_share(spec, where),
        window=_window(spec, where),
        events=_events(spec.get("indicator") or {}, f"{where}: spec.indicator"),
        description=str(spec.get("description") or ""),
        labels={key: value for key, value in labels.items() if re.fullmatch(r"[a-zA-Z0-9]([\w.-]*[a-zA-Z0-9])?", key)},
        annotations={"titanium.dev/owner": owner} if owner else {},
    )


def _events(indicator: Mapping[str, Any], where: str) -> Events:
    for kind, numerator, is_good in (("ratio", "errors", False), ("latency", "success", True)):
        if kind in indicator:
            one = indicator[kind]
            if one.get("grouping"):
                raise UnsupportedError(
                    f"{where}.{kind}.grouping: one objective a group is not imported; write one SLO for each, "
                    "or leave the grouping out to judge all of them together"
                )
            return Events(
                _metric(one, numerator, f"{where}.{kind}"),
                _metric(one, "total", f"{where}.{kind}"),
                numerator_is_good=is_good,
            )
    kind = next(iter(indicator), "nothing")
    raise UnsupportedError(f"{where}: {kind} is not imported; ratio and latency are")


def _metric(one: Mapping[str, Any], key: str, where: str) -> str:
    metric = (one.get(key) or {}).get("metric")
    if not isinstance(metric, str) or not metric.strip():
        raise MalformedError(f"{where}.{key}.metric: is missing")
    return " ".join(metric.split())


def _share(spec: Mapping[str, Any], where: str) -> str:
    try:
        return f"{(Decimal(str(spec.get('target'))) / 100).normalize():f}"
    except InvalidOperation as error:
        raise MalformedError(f"{where}: spec.target: must be per cent, is {spec.get('target')!r}") from error


def _window(spec: Mapping[str, Any], where: str) -> str:
    text = str(spec.get("window") or "")
    parts = _PART.findall(text)
    if (
        not parts
        or "".join(f"{count}{unit}" for count, unit in parts) != text
        or any(unit == "ms" for _, unit in parts)
    ):
        raise MalformedError(f"{where}: spec.window: {text!r} is no duration such as 4w")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in parts)
    if seconds % duration.MINUTE:
        raise UnsupportedError(f"{where}: spec.window: {text}: OpenSLO's shortest unit is a minute")
    return duration.promql(seconds)
