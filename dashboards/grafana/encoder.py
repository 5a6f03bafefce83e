"""From grafanalib's dashboard to the JSON that current Grafana writes itself.

grafanalib writes schema version 12: nulls, keys of panels that are gone, data sources by name, `maxDataPoints: 100`.
Here every key has to be known to be kept; the rest is dropped. Schema version 41 is what Grafana 11.6 and 12 read as
it is and what 13 migrates upwards; Grafana never migrates downwards.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from grafanalib._gen import DashboardEncoder  # type: ignore[import-untyped]  # the package is not annotated

from dashboards.grafana.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grafanalib.core import Dashboard  # type: ignore[import-untyped]  # the package is not annotated

SCHEMA_VERSION: Final = 41
_DASHBOARD_KEYS: Final = ("uid", "title", "description", "tags", "links", "time", "timezone", "refresh", "templating")
_PANEL_KEYS: Final = ("id", "type", "title", "description", "gridPos", "datasource", "interval", "links", "repeat")
_FIELD_KEYS: Final = ("unit", "min", "max", "decimals", "noValue", "links")
_TARGET_KEYS: Final = (
    "refId",
    "datasource",
    "editorMode",
    "expr",
    "legendFormat",
    "format",
    "instant",
    "range",
    "exemplar",
    "interval",
    "queryType",
    "maxLines",
    "query",
    "service",
    "operation",
    "tags",
    "limit",
)
_VARIABLE_KEYS: Final = (
    "type",
    "name",
    "label",
    "description",
    "datasource",
    "definition",
    "query",
    "regex",
    "current",
    "options",
    "includeAll",
    "allValue",
    "multi",
    "refresh",
    "sort",
    "hide",
)
# Taken as given: their other keys depend on the value of the first.
_WHOLE: Final = ("scaleDistribution",)
_BUILT_IN_ANNOTATIONS: Final = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}


def encode(board: Dashboard) -> dict[str, Any]:
    """Return a grafanalib dashboard as Grafana's own document.

    Raises:
        KeyError: a panel's type has no shape here.
    """
    raw = json.loads(json.dumps(board.to_json_data(), cls=DashboardEncoder))
    document = _known(raw, _DASHBOARD_KEYS)
    document["templating"] = {"list": [_known(each, _VARIABLE_KEYS) for each in raw["templating"]["list"]]}
    document["annotations"] = {"list": [_BUILT_IN_ANNOTATIONS, *raw["annotations"]["list"]]}
    document["panels"] = [_panel(panel) for panel in raw["panels"]]
    return document | {
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,  # the crosshair is shared: a spike is seen in every panel at once
        "schemaVersion": SCHEMA_VERSION,
        "timepicker": {},
    }


def text(document: Mapping[str, Any]) -> str:
    """Return the document as a file's text: sorted, so that equal dashboards are equal bytes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _known(raw: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return what is there of the known keys; Grafana writes neither nulls nor panels' empty lists of links."""
    return {key: raw[key] for key in keys if raw.get(key) is not None and not (key == "links" and raw[key] == [])}


def _panel(raw: Mapping[str, Any]) -> dict[str, Any]:
    panel = _known(raw, _PANEL_KEYS)
    if raw["type"] == "row":
        return panel | {"collapsed": raw["collapsed"], "panels": [_panel(each) for each in raw["panels"]]}
    shape = SHAPES[raw["type"]]
    panel["options"] = merged(shape.options, raw.get("options") or {})
    panel["transparent"] = bool(raw.get("transparent"))
    if not shape.datasource:
        return panel
    panel["targets"] = [_known(target, _TARGET_KEYS) for target in raw["targets"]]
    panel["fieldConfig"] = _field_config(raw.get("fieldConfig") or {}, shape.custom)
    if raw["transformations"]:
        panel["transformations"] = raw["transformations"]
    return panel


def _field_config(raw: Mapping[str, Any], custom: Mapping[str, Any]) -> dict[str, Any]:
    given = raw["defaults"]
    defaults = _known(given, _FIELD_KEYS) | {
        "color": given.get("color") or {"mode": "thresholds"},
        "custom": merged(custom, given.get("custom") or {}),
        "mappings": given.get("mappings") or [],
        "thresholds": {"mode": given["thresholds"]["mode"], "steps": _steps(given["thresholds"]["steps"])},
    }
    return {"defaults": defaults, "overrides": raw.get("overrides") or []}


def _steps(raw: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return threshold steps; the first one has no lower end, which Grafana writes as null and grafanalib as a word."""
    return [{"color": step["color"], "value": None if step["value"] == "null" else step["value"]} for step in raw]


def merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults with what was given for their keys, at every depth; other keys are dropped.

    An empty default takes whatever is given: its keys are a user's.
    """
    result = dict(deepcopy(defaults))
    for key, default in defaults.items():
        value = given.get(key)
        if isinstance(default, dict) and default and isinstance(value, dict) and key not in _WHOLE:
            result[key] = merged(default, value)
        elif value is not None:
            result[key] = value
    return result
