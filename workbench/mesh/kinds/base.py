"""What all kinds share: strict models, where an object was written, and Istio's scalar types.

An Istio model knows three sorts of fields. Those it renders have a type; those that Istio has and we do not render are
`NotRendered` and refused by name as soon as they are set; all others are unknown. So nothing is ever dropped silently.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

UNSUPPORTED = "unsupported"
"""The error type that tells a field we do not render from a mistake."""


def _refuse(_value: object) -> None:
    raise PydanticCustomError(UNSUPPORTED, "Istio has this field, but it is not supported here")


NotRendered = Annotated[Any, BeforeValidator(_refuse)]
"""A field of Istio's that would change the configuration in a way this renderer does not know."""


class IstioModel(BaseModel):
    """A part of an Istio object: camelCase names, no conversions, no unknown fields, immutable."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=False
    )


class KubernetesModel(BaseModel):
    """A part of a Kubernetes object: only what the mesh reads; Kubernetes itself validates the rest."""

    model_config = ConfigDict(
        extra="ignore", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=False
    )


class Metadata(KubernetesModel):
    """An object's name and labels."""

    name: str
    namespace: str = "default"
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Origin(BaseModel):
    """Where an object was written, for messages: file, document and line of every field."""

    model_config = ConfigDict(frozen=True)

    file: str
    document: int
    """Counted from 1 within the file."""
    lines: dict[str, int] = Field(default_factory=dict)
    """Line (from 1) of each field path, such as `spec.http[0].timeout`."""

    def at(self, path: str) -> str:
        """Return `file:line` of the field, or of the nearest field above it that has a line."""
        while path and path not in self.lines:
            path = re.sub(r"(\.[^.\[\]]+|\[[^\[\]]*\]|^[^.\[\]]+)$", "", path)
        line = self.lines.get(path)
        return f"{self.file}:{line}" if line else f"{self.file} (document {self.document})"


class Resource(BaseModel):
    """One object of the cluster; subclasses add the `spec`."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=False
    )

    api_version: str
    kind: str
    metadata: Metadata
    status: Annotated[Any, Field(exclude=True)] = None

    _origin: Origin = PrivateAttr(default_factory=lambda: Origin(file="<memory>", document=1))

    @property
    def name(self) -> str:
        """The object's name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """The object's namespace."""
        return self.metadata.namespace

    @property
    def origin(self) -> Origin:
        """Where the object was written."""
        return self._origin

    def written_at(self, origin: Origin) -> Self:
        """Remember where the object was written; returns itself."""
        self._origin = origin
        return self

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|m|s)")
_UNITS = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": timedelta(microseconds=1),
    "µs": timedelta(microseconds=1),
}


def parse_duration(text: object) -> timedelta:
    """Parse Go's notation (`1h30m`, `0.5s`, `250ms`), as Istio's schema does; ValueError otherwise."""
    parts = _DURATION.findall(text) if isinstance(text, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise PydanticCustomError("duration", "must be a valid duration greater than 1ms")
    return sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())


def _positive_duration(text: object) -> timedelta:
    duration = parse_duration(text)
    if duration < timedelta(milliseconds=1):
        raise PydanticCustomError("duration", "must be a valid duration greater than 1ms")
    return duration


Duration = Annotated[timedelta, BeforeValidator(_positive_duration)]
"""Istio's durations: at least 1 ms. There is no way to write `none` but to leave the field out."""

DurationOrZero = Annotated[timedelta, BeforeValidator(parse_duration)]
"""The few durations for which Istio's schema accepts 0 (a cookie's `ttl`)."""

Number = Annotated[float, BeforeValidator(lambda value: float(value) if type(value) is int else value)]
"""A number that may be written without a decimal point."""

UInt32 = Annotated[int, Field(ge=0, le=4294967295)]

Port = Annotated[int, Field(ge=1, le=65535)]


class Percent(IstioModel):
    """`{ value: 0.5 }`: a percentage from 0 to 100."""

    value: Number = 0.0


class LabelSelector(IstioModel):
    """`{ matchLabels: … }`; without labels it selects every workload of the namespace."""

    match_labels: dict[str, str] = Field(default_factory=dict)

    def selects(self, labels: dict[str, str]) -> bool:
        """Whether every label of the selector is among the workload's."""
        return self.match_labels.items() <= labels.items()
