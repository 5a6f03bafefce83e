"""What Grafana itself writes into `options` and `fieldConfig.defaults.custom` of each panel type, with its defaults.

The keys are also the whitelist: what grafanalib writes beside them belongs to panels that Grafana no longer has. Keys
and values are those of `@grafana/schema` 13 (`raw/composable/<type>/panelcfg`), which the contract tests ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

_LEGEND: Final = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
_REDUCE: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_TOOLTIP: Final = {"mode": "multi", "sort": "desc"}
_HIDE_FROM: Final = {"legend": False, "tooltip": False, "viz": False}


@dataclass(frozen=True)
class Shape:
    """One panel type; `datasource` is false for panels that ask nothing."""

    options: dict[str, Any]
    custom: dict[str, Any] = field(default_factory=dict)
    datasource: bool = True


SHAPES: Final = {
    "timeseries": Shape(
        {"legend": _LEGEND, "tooltip": {**_TOOLTIP, "hideZeros": False}},
        {
            "axisBorderShow": False,
            "axisCenteredZero": False,
            "axisColorMode": "text",
            "axisLabel": "",
            "axisPlacement": "auto",
            "barAlignment": 0,
            "barWidthFactor": 0.6,
            "drawStyle": "line",
            "fillOpacity": 10,
            "gradientMode": "none",
            "hideFrom": _HIDE_FROM,
            "insertNulls": False,
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "pointSize": 5,
            "scaleDistribution": {"type": "linear"},
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "none"},
            "thresholdsStyle": {"mode": "off"},
        },
    ),
    "stat": Shape(
        {
            "colorMode": "background",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": _REDUCE,
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        }
    ),
    "gauge": Shape(
        {
            "minVizHeight": 75,
            "minVizWidth": 75,
            "orientation": "auto",
            "reduceOptions": _REDUCE,
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
        }
    ),
    "bargauge": Shape(
        {
            "displayMode": "basic",
            "legend": {**_LEGEND, "showLegend": False},
            "maxVizHeight": 300,
            "minVizHeight": 16,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "reduceOptions": _REDUCE,
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        }
    ),
    "heatmap": Shape(
        {
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": "reqps"},
            "color": {
                "exponent": 0.5,
                "fill": "dark-orange",
                "mode": "scheme",
                "reverse": False,
                "scale": "exponential",
                "scheme": "Oranges",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
        },
        {"hideFrom": _HIDE_FROM, "scaleDistribution": {"type": "linear"}},
    ),
    "table": Shape(
        {"cellHeight": "sm", "frameIndex": 0, "showHeader": True, "sortBy": []},
        {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
    ),
    "state-timeline": Shape(
        {
            "alignValue": "left",
            "legend": _LEGEND,
            "mergeValues": True,
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": _TOOLTIP,
        },
        {"fillOpacity": 70, "hideFrom": _HIDE_FROM, "lineWidth": 0},
    ),
    "logs": Shape(
        {
            "dedupStrategy": "none",
            "enableLogDetails": True,
            "prettifyLogMessage": False,
            "showCommonLabels": False,
            "showLabels": False,
            "showLogContextToggle": False,
            "showTime": True,
            "sortOrder": "Descending",
            "wrapLogMessage": True,
        }
    ),
    "nodeGraph": Shape({"edges": {}, "nodes": {}, "zoomMode": "cooperative"}),
    "traces": Shape({}),
    "text": Shape(
        {
            "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
            "content": "",
            "mode": "markdown",
        },
        datasource=False,
    ),
}
