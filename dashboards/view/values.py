"""How Grafana shows values: units, thresholds, mapped states, and the names of series.

Units are Grafana's ids; the formats follow its documentation ("Standard options", unit) for those that the dashboards
here use. An id that is not known is shown after the number, as Grafana shows a custom unit.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SECONDS: Final = (
    (31536000.0, "year"), (604800.0, "week"), (86400.0, "day"), (3600.0, "hour"), (60.0, "min"), (1.0, "s"),
    (1e-3, "ms"), (1e-6, "µs"),
)  # fmt: skip
_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_SHORT: Final = ("", "K", "Mil", "Bil")
_PER_SECOND: Final = {"reqps": "req/s", "ops": "ops/s", "cps": "c/s", "Bps": "B/s"}
_LABEL: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def shown(value: float, unit: str, decimals: int | None = None) -> str:
    """Return a value in a unit."""
    if math.isnan(value):
        return "NaN"
    known = _FORMATS.get(unit)
    return known(value, decimals) if known else f"{_number(value, decimals)} {_PER_SECOND.get(unit, unit)}"


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"  # noqa: PLR2004 - three digits are read at a glance


def _duration(seconds: float, decimals: int | None) -> str:
    for length, name in _SECONDS:
        if abs(seconds) >= length:
            amount = _number(seconds / length, decimals)
            return f"{amount} {name}"
    return "0 s" if seconds == 0 else f"{_number(seconds * 1e9, decimals)} ns"


def _scaled(value: float, names: Sequence[str], base: int, decimals: int | None) -> str:
    step = 0
    while abs(value) >= base and step < len(names) - 1:
        value, step = value / base, step + 1
    return f"{_number(value, decimals)} {names[step]}".strip()


_FORMATS: Final[dict[str, Callable[[float, int | None], str]]] = {
    "": _number,
    "none": _number,
    "percent": lambda value, decimals: f"{_number(value, decimals)}%",
    "percentunit": lambda value, decimals: f"{_number(100 * value, decimals)}%",
    "s": _duration,
    "ms": lambda value, decimals: _duration(value / 1000, decimals),
    "bytes": lambda value, decimals: _scaled(value, _BYTES, 1024, decimals),
    "short": lambda value, decimals: _scaled(value, _SHORT, 1000, decimals),
}


def name_of(labels: Mapping[str, str], legend: str) -> str:
    """Return a series' name: the legend with its labels, or Grafana's automatic one."""
    if legend and legend != "__auto":
        return _LABEL.sub(lambda match: labels.get(match[1], ""), legend)
    rest = {name: value for name, value in labels.items() if name != "__name__"}
    if len(rest) == 1:
        return next(iter(rest.values()))
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(rest.items()))
    return f"{labels.get('__name__', '')}{{{inside}}}" if inside else labels.get("__name__", "Value")


def colour(value: float, defaults: Mapping[str, Any]) -> str:
    """Return the colour of the highest threshold that a value reaches."""
    reached = "green"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            reached = step["color"]
    return COLOURS.get(reached, reached)


def state(value: float, defaults: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a mapped value's words and colour; None where no mapping has it."""
    for mapping in defaults.get("mappings", []):
        found = mapping["options"].get(f"{value:g}")
        if found is not None:
            return found["text"], COLOURS.get(found.get("color", ""), "#888")
    return None


COLOURS: Final = {"green": "#56a64b", "orange": "#e0752d", "red": "#e02f44", "blue": "#3274d9"}
"""Grafana's named colours, in its own values."""
PALETTE: Final = (
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a",
)  # fmt: skip
"""Grafana's classic palette, in its order."""
