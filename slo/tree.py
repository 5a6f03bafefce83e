"""YAML as values with lines: libyaml's parser, the core schema of YAML 1.2, and limits against what only looks small.

Values are resolved here, not by the library, whose YAML 1.1 takes `yes` for true, `2022-01-01` for a date, and the last
of two equal keys for the only one. Source of the core schema: yaml.org, "YAML Ain't Markup Language, version 1.2",
section 10.3.2. Tags (`!something`) say what a value is to one program; OpenSLO has none, so they are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

from slo.errors import MalformedError

# Aliases are a convenience; each may stand for everything before it, so that a few lines can mean a billion values.
MAX_VALUES: Final = 10_000
# The deepest OpenSLO document has a dozen levels.
MAX_DEPTH: Final = 50

_CORE_TAG: Final = "tag:yaml.org,2002:"
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL: Final = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True)
class Tree:
    """One YAML document: its plain value, and where each of its fields is written (lines from 1)."""

    value: Any
    node: yaml.Node

    def line(self, path: Sequence[int | str] = ()) -> int:
        """Return the line of a field, or of the nearest one above it that is there."""
        line, here = int(self.node.start_mark.line), self.node
        for step in path:
            found = _child(here, step)
            if found is None:
                break
            line, here = found
        return line + 1


def trees(file: Path, text: str) -> Iterator[Tree]:
    """Yield the documents of a text that have any content.

    Raises:
        MalformedError: it is no YAML, or means more than such a file may mean; `file` is named.
    """
    try:
        _refuse_depth(file, text)
        for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            if node is not None:
                yield Tree(_Values(file).plain(node), node)
    except yaml.MarkedYAMLError as error:
        raise MalformedError(_explained(file, text, error)) from error
    except yaml.YAMLError as error:
        raise MalformedError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error


def _explained(file: Path, text: str, error: yaml.MarkedYAMLError) -> str:
    line = error.problem_mark.line if error.problem_mark else 0
    there = (text.splitlines() or [""])[min(line, len(text.splitlines()) - 1)] if text else ""
    hint = " (YAML indents with spaces, never with tabs)" if "\t" in there else ""
    return f"{file}:{line + 1}: not valid YAML: {error.problem}{hint}"


def _refuse_depth(file: Path, text: str) -> None:
    """Refuse what would exhaust the stack of every recursive reader, before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise MalformedError(f"{file}:{line}: nested deeper than {MAX_DEPTH} levels, which no OpenSLO document is")


def _child(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return int(key.start_mark.line), value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return int(node.value[step].start_mark.line), node.value[step]
    return None


class _Values:
    """Makes plain values of a tree, and stops where its aliases stand for more than a document may hold."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._left = MAX_VALUES

    def plain(self, node: yaml.Node, depth: int = 0) -> Any:  # noqa: ANN401 - a YAML value
        self._left -= 1
        # An alias may also stand for something around it: a tree without an end.
        if self._left < 0 or depth > MAX_DEPTH:
            raise MalformedError(f"{self._at(node)}: its aliases stand for too many values; write the values out")
        if not node.tag.startswith(_CORE_TAG):
            raise MalformedError(f"{self._at(node)}: OpenSLO has no tags; remove {node.tag}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(one, depth + 1) for one in node.value]
        quoted = isinstance(node, yaml.ScalarNode) and node.style
        return node.value if quoted else _scalar(str(node.value))

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise MalformedError(f"{self._at(key)}: not valid YAML here: a field's name must be a word")
            if key.value in found:
                raise MalformedError(f"{self._at(key)}: not valid YAML: the field {key.value!r} is there twice")
            found[str(key.value)] = self.plain(value, depth + 1)
        return found

    def _at(self, node: yaml.Node) -> str:
        return f"{self._file}:{node.start_mark.line + 1}"


def _scalar(text: str) -> object:
    """Return what a plain scalar means in YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if text in _SPECIAL:
        return _SPECIAL[text]
    return float(text) if _FLOAT.fullmatch(text) else text
