"""How Envoy writes things down: type URLs, durations, fractions, and empty fields that are left out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.mesh.kinds.base import Percent
    from workbench.mesh.model import Json

NO_LIMIT = 4294967295
"""The largest uint32: Istio's way to write `no limit` into a circuit breaker."""


def typed(message: str, /, **fields: Any) -> Json:  # noqa: ANN401 -- an Envoy message's fields are JSON of any shape
    """Return an `Any`-packed message: its type URL and its fields."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def extension(name: str, message: str, /, **fields: Any) -> Json:  # noqa: ANN401 -- see `typed`
    """Return a named extension with its typed configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def given(**fields: Any) -> Json:  # noqa: ANN401 -- see `typed`
    """Return the fields that are set: None and empty strings, lists and objects are left out; 0 and False stay."""
    return {key: value for key, value in fields.items() if value is not None and value not in ("", [], {})}


def duration(value: timedelta) -> str:
    """Return a protobuf JSON duration, such as `0.5s`."""
    seconds = value / timedelta(seconds=1)
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def optional_duration(value: timedelta | None) -> str | None:
    """Return the duration, or None when there is none."""
    return None if value is None else duration(value)


def millionths(percent: Percent) -> Json:
    """Return a percentage as Envoy's fraction of a million, as fine as Istio allows (0.0001 %)."""
    return {"numerator": round(percent.value * 10_000), "denominator": "MILLION"}
